import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Snippet, snippetsOf } from './snippets.js';

/** `npm run test:pack` names a later one. */
const NODE = process.env.ODRADEK_NODE ?? process.execPath;

/** What the page has had before: an engine with a log of thirty records. */
const BEFORE = `
import * as odradek from 'odradek/engine';
const AN_ENGINE = await odradek.openEngine('./data');
const A_LOG = await AN_ENGINE.log('events');
for (let at = 0; at < 30; at++) await A_LOG.append({ key: 'user-' + at, value: '' + at });
process.on('uncaughtException', (error) => {
  if (error.name !== 'AbortError') console.error(error);
  process.exit(error.name === 'AbortError' ? 0 : 1);
});
// Snippets that follow a log have no end of their own.
setTimeout(() => process.exit(0), 1500);
globalThis.signal = AbortSignal.timeout(300);
globalThis.openEngine = odradek.openEngine;
`;

/** A program that is the snippet, with what the page has said before it. */
function programOf({ code }: Snippet): string {
  const opensItself = code.includes('openEngine(');
  const rest = opensItself
    ? 'await AN_ENGINE.close();\n'
    : 'globalThis.engine = AN_ENGINE;\nglobalThis.log = A_LOG;\n';
  const lines = code.replace(/'\/var\/[^']*'/, "'./backup'");
  const imports = lines.match(/^import .*$/gm) ?? [];
  const body = lines.replace(/^import .*$/gm, '');
  return `${imports.join('\n')}\n${BEFORE}${rest}await (async () => {\n${body}\n})();\nprocess.exit(0);\n`;
}

const SNIPPETS = snippetsOf('docs/embedding.md').filter(
  // The one with arguments is run by example.test.ts.
  ({ language, code }) => language === 'js' && !code.includes('process.argv'),
);

test.each(SNIPPETS.map((snippet) => [snippet.line, snippet] as const))(
  'the snippet at line %d of the page on embedding runs without a failure',
  async (_, snippet) => {
    mkdirSync('dist', { recursive: true });
    // Within the package, so that its name leads to itself.
    const folder = mkdtempSync(join(resolve('dist'), 'snippet-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const path = join(folder, 'snippet.mjs');
    writeFileSync(path, programOf(snippet));
    const child = spawn(NODE, [path], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    const [code] = await once(child, 'close');
    expect([code, stderr]).toEqual([0, '']);
  },
);

test('a snippet that fails is told', async () => {
  expect(SNIPPETS.length).toBeGreaterThan(10);
  const folder = mkdtempSync(join(resolve('dist'), 'snippet-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const wrong = { ...SNIPPETS[0]!, code: "await log.append({ value: 7n, nothing: 'x' });" };
  writeFileSync(join(folder, 'snippet.mjs'), programOf(wrong));
  const child = spawn(NODE, ['snippet.mjs'], { cwd: folder, stdio: 'ignore' });
  const [code] = await once(child, 'close');
  expect(code).toBe(1);
});
