import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { pythonWithPytest } from './support/python.js';
import { available, runs } from './support/tools.js';

/** The files of the page, by their names. */
const FILES = new Map(
  [
    ...readFileSync('docs/testing-from-any-language.md', 'utf8').matchAll(
      /^```\w+ file=(\S+)\n(.*?)^```$/gms,
    ),
  ].map(([, name, code]) => [name!, code!]),
);

/** A folder with files of the page, as somebody has who copied them. */
function project(...names: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'odradek-example-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const name of names) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), FILES.get(name) ?? '');
  }
  return folder;
}

/** Runs a program in the folder, to its end. */
function run(cwd: string, program: string, args: readonly string[], env: object = {}) {
  const own = { ODRADEK: `${process.execPath} ${resolve('dist/bin/odradek.cjs')}`, ...env };
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd,
    env: { ...process.env, ...own },
    encoding: 'utf8',
  });
  return { status, output: stdout + stderr };
}

const python = pythonWithPytest();
const hasMaven = available(
  'java',
  runs('javac', '-version') && runs('mvn', '-version'),
  'install a JDK 17 and Maven',
);
const hasGo = available('go', runs('go', 'version'), 'install Go 1.25');

test.runIf(python !== null)('pytest with confluent-kafka uses odradek dev', () => {
  const folder = project('conftest.py', 'test_orders.py');
  const { status, output } = run(folder, python!, ['-m', 'pytest', '-q']);
  expect({ status, output }).toEqual({ status: 0, output: expect.stringContaining('3 passed') });
});

test.runIf(hasMaven)("JUnit with Apache Kafka's client uses odradek dev", () => {
  const java = 'src/test/java';
  const folder = project('pom.xml', `${java}/Odradek.java`, `${java}/OrdersTest.java`);
  const { status, output } = run(folder, 'mvn', ['-B', 'test']);
  const passed = expect.stringContaining('Tests run: 3, Failures: 0, Errors: 0, Skipped: 0');
  expect({ status, output }).toEqual({ status: 0, output: passed });
});

test.runIf(hasGo)('go test with franz-go uses odradek dev', () => {
  const folder = project('go.mod', 'odradek_test.go', 'orders_test.go');
  cpSync('test/clients/readers/go/go.sum', join(folder, 'go.sum'));
  const env = { GOFLAGS: '-mod=mod' };
  const { status, output } = run(folder, 'go', ['test', '-v', './...'], env);
  expect({ status, passed: output.match(/^--- PASS/gm)?.length, output }).toMatchObject({
    status: 0,
    passed: 3,
  });
});
