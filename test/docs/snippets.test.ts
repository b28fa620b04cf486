import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { expect, onTestFinished, test } from 'vitest';
import { pages, type Snippet, snippetsOf } from './snippets.js';

/** What a snippet that is no whole program has had before it. */
const BEFORE = `
import type { Engine, EventLog } from 'odradek/engine';
import type { RunningBroker } from 'odradek';
declare global {
  const openEngine: typeof import('odradek/engine').openEngine;
  const startBroker: typeof import('odradek').startBroker;
  const engine: Engine;
  const log: EventLog;
  const broker: RunningBroker;
  const signal: AbortSignal;
}
`;

const LANGUAGES = new Map([
  ['js', 'mjs'],
  ['mjs', 'mjs'],
  ['javascript', 'mjs'],
  ['ts', 'mts'],
  ['typescript', 'mts'],
]);

const SNIPPETS = pages()
  .flatMap(snippetsOf)
  .filter(({ language }) => LANGUAGES.has(language));

const OPTIONS: ts.CompilerOptions = {
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  target: ts.ScriptTarget.ES2023,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  types: ['node'],
  strict: false,
  allowJs: true,
  checkJs: true,
  noEmit: true,
  skipLibCheck: true,
};

/** The files that no snippet is, parsed once. */
const parsed = new Map<string, ts.SourceFile | undefined>();

/** Complaints about snippets, each as `page:line: what`; those in TypeScript are judged hard. */
function complaints(snippets: readonly Snippet[]): string[] {
  const isTyped = ({ language }: Snippet) => LANGUAGES.get(language) === 'mts';
  return [
    ...complaintsOf(snippets.filter(isTyped), { ...OPTIONS, strict: true }),
    ...complaintsOf(
      snippets.filter((snippet) => !isTyped(snippet)),
      OPTIONS,
    ),
  ];
}

function complaintsOf(snippets: readonly Snippet[], options: ts.CompilerOptions): string[] {
  const before = resolve('dist/snippets/before.d.ts');
  const files = new Map([[before, BEFORE]]);
  const origins = new Map<string, Snippet>();
  for (const [at, snippet] of snippets.entries()) {
    const path = resolve(`dist/snippets/${at}.${LANGUAGES.get(snippet.language)}`);
    files.set(path, `${snippet.code}\nexport {};\n`);
    origins.set(path, snippet);
  }
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.getSourceFile = (path, ...rest) => {
    const text = files.get(path);
    if (text !== undefined) return ts.createSourceFile(path, text, rest[0]);
    if (!parsed.has(path)) parsed.set(path, getSourceFile.call(host, path, ...rest));
    return parsed.get(path);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const what = ts.flattenDiagnosticMessageText(messageText, ' ');
    const origin = file && origins.get(file.fileName);
    if (!origin) return `${file?.fileName}: ${what}`;
    const { line } = file.getLineAndCharacterOfPosition(start!);
    return `${origin.page}:${origin.line + line}: ${what}`;
  });
}

test('every snippet of README and docs names what there is, and one that did not would be told', () => {
  const wrong: Snippet = {
    page: 'docs/x.md',
    line: 7,
    language: 'js',
    marks: [],
    code: "import { openEngine } from 'odradek/engine';\nawait openEngine('.', { nothing: 1 });\n",
  };
  expect(SNIPPETS.length).toBeGreaterThan(10);
  expect(complaints([...SNIPPETS, wrong])).toEqual([
    expect.stringMatching(/^docs\/x\.md:8: .*nothing/),
  ]);
});

test('every snippet in JavaScript can be read by this Node, unless it says which can', () => {
  const folder = mkdtempSync(join('dist', 'snippets-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const unreadable = SNIPPETS.filter(
    ({ language, marks }) => language !== 'ts' && !marks.some((mark) => mark.startsWith('node=')),
  ).flatMap(({ page, line, code }, at) => {
    const path = join(folder, `${at}.mjs`);
    writeFileSync(path, code);
    const { status, stderr } = spawnSync(process.execPath, ['--check', path], { encoding: 'utf8' });
    return status === 0 ? [] : [`${page}:${line}: ${stderr}`];
  });
  expect(unreadable).toEqual([]);
});
