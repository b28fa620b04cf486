import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The examples of the page that are whole files, by their names. */
const EXAMPLES = new Map(
  [
    ...readFileSync(join(ROOT, 'docs/testing-with-odradek.md'), 'utf8').matchAll(
      /^```\w+ file=(\S+)\n(.*?)^```$/gms,
    ),
  ].map(([, name, code]) => [name!, code!]),
);

/**
 * Writes an example into a folder from which `odradek` is found, as in a program that has it
 * installed, and runs it.
 */
function run(name: string, command: readonly string[]): { status: number | null; output: string } {
  const folder = mkdtempSync(join(ROOT, 'dist', 'example-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, name), EXAMPLES.get(name) ?? '');
  // Otherwise vitest finds the configuration of these tests here, further up.
  writeFileSync(join(folder, 'vitest.config.mjs'), 'export default {};\n');
  const env = { ...process.env, NO_COLOR: '1' };
  // Either runner would take itself for a part of the one that runs this.
  for (const key of Object.keys(env))
    if (/^(VITEST|NODE_TEST)/.test(key)) Reflect.deleteProperty(env, key);
  const { status, stdout, stderr } = spawnSync(process.execPath, [...command, join(folder, name)], {
    cwd: folder,
    env,
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

test('the example for node:test passes', () => {
  const { status, output } = run('retention.test.mjs', ['--test', '--test-reporter=tap']);
  expect({ status, output }).toEqual({ status: 0, output: expect.stringMatching(/^# pass 1$/m) });
});

test('the example for vitest passes', () => {
  const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const { status, output } = run('orders.test.ts', [vitest, 'run', '--root', '.']);
  expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('2 passed') });
});

test('the page has these two examples', () => {
  expect([...EXAMPLES.keys()]).toEqual(['orders.test.ts', 'retention.test.mjs']);
});
