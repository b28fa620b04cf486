/**
 * Packs the package, installs it into an empty project without development dependencies and without
 * install scripts, and uses it as strangers would: by `import`, by `require`, by `tsc` under four
 * kinds of modules, by its command, in test runners, and beside a bundler. Needs a package registry.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { runReadme } from './readme.mjs';

const project = mkdtempSync(join(tmpdir(), 'odradek-pack-'));
let done = 0;

function run(program, args, options = {}) {
  return execFileSync(program, args, {
    cwd: project,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    ...options,
  });
}

/** `npm run test:long` runs it on this Node. */
const EMBEDDING = 'test/docs/embedding-snippets.test.ts';

/** What an installation may weigh: packages, and bytes on the disk. */
const PACKAGES_MAX = 50;
const BYTES_MAX = 45e6;

function weigh() {
  const root = join(project, 'node_modules');
  const { packages } = JSON.parse(readFileSync(join(root, '.package-lock.json'), 'utf8'));
  const count = Object.keys(packages).length;
  const bytes = readdirSync(root, { recursive: true })
    .map((name) => statSync(join(root, name)).blocks * 512)
    .reduce((sum, each) => sum + each, 0);
  const own = readdirSync(join(root, 'odradek'), { recursive: true }).length;
  const weight = `${count} packages, ${(bytes / 1e6).toFixed(1)} MB, ${own} files of ours`;
  if (count > PACKAGES_MAX || bytes > BYTES_MAX) throw new Error(`too heavy: ${weight}`);
  return weight;
}

/** Programs of others that load the package, as a stranger has them. */
const RUNNERS = ['jest@30', 'vitest@4', 'mocha@11', 'esbuild@0.25', 'kafkajs@2.2.4'];

/** How the runners say that all tests of `runners/ten.cjs` have passed. */
const TEN_PASSED = /\b10 (?:passed|passing)\b|^\S+ pass 10$/m;

/**
 * Runs one of them; what it prints is shown only when it fails, or does not say what is expected.
 */
function tool(program, args, what, said = /(?:)/) {
  const { status, stdout, stderr } = spawnSync(program, args, {
    cwd: project,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  if (status !== 0 || !said.test(stdout + stderr))
    throw new Error(`${what} ended with ${status}:\n${stdout}${stderr}`);
  passed(what);
}

function passed(what) {
  done++;
  process.stdout.write(`  ok  ${what}\n`);
}

try {
  run('npm', ['pack', '--silent', '--pack-destination', project], { cwd: resolve('.') });
  const tarball = readdirSync(project).find((name) => name.endsWith('.tgz'));
  writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'stranger', private: true }));
  run('npm', [
    'install',
    '--ignore-scripts',
    '--omit=dev',
    '--no-audit',
    '--no-fund',
    '--silent',
    `./${tarball}`,
  ]);
  passed('installs into an empty project, no scripts, no development dependencies');

  passed(`weighs ${weigh()}`);

  cpSync(resolve('test/pack/fixtures'), project, { recursive: true });
  for (const program of ['esm.mjs', 'cjs.cjs']) {
    run('node', [program]);
    passed(`${program} appends, reads, and runs a broker`);
  }

  const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  for (const module of ['nodenext', 'bundler', 'node16', 'commonjs']) {
    run('node', [tsc, '-p', `tsconfig.${module}.json`]);
    passed(`types compile under ${module}`);
  }

  const bin = join(project, 'node_modules/.bin/odradek');
  if (!run(bin, ['--version']).startsWith('odradek '))
    throw new Error('--version says something else');
  passed('odradek --version');

  await commandStartsAndStops(bin);
  passed('odradek start is ready, and SIGTERM ends it with 0');

  run('npm', ['install', '--no-audit', '--no-fund', '--silent', ...RUNNERS]);
  const modules = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js'];
  const bundle = ['esm.mjs', '--bundle', '--platform=node', '--format=esm', '--external:odradek'];
  tool('node', ['node_modules/jest/bin/jest.js', 'jest.test.cjs'], 'Jest, by require', TEN_PASSED);
  tool('node', [...modules, 'jest.test.mjs'], 'Jest, by import', TEN_PASSED);
  for (const pool of ['forks', 'threads', 'vmForks', 'vmThreads']) {
    tool(
      'node_modules/.bin/vitest',
      ['run', `--pool=${pool}`, 'vitest.spec.mjs'],
      `vitest, ${pool}`,
      TEN_PASSED,
    );
  }
  tool('node', ['--test', 'runners/node.mjs'], 'node:test', TEN_PASSED);
  tool('node_modules/.bin/mocha', ['runners/mocha.cjs'], 'mocha', TEN_PASSED);
  tool('node_modules/.bin/esbuild', [...bundle, '--outfile=out.mjs'], 'esbuild bundles around it');
  tool('node', ['out.mjs'], 'what esbuild made runs');

  run('npm', ['install', '--no-audit', '--no-fund', '--silent', '--prefix', 'newer', 'node@24']);
  const newer = join(project, 'newer/node_modules/node/bin/node');
  rmSync(join(project, 'node_modules/@mongodb-js'), { recursive: true });
  for (const node of [process.execPath, newer]) {
    const version = run(node, ['--version']).trim();
    run(node, ['esm.mjs']);
    run(node, ['zstd.mjs']);
    passed(`Node ${version} appends and reads, and has zstd or says what to do`);
    const sample = readFileSync('test/pack/fixtures/README.md', 'utf8');
    const steps = await pasted(sample.replaceAll('PORT', await freePort()), node, tarball);
    if (steps.length < 5) throw new Error(`blocks were passed over: ${steps.join('; ')}`);
    passed(`the runner of READMEs runs its sample on Node ${version}`);
    const own = await pasted(readFileSync('README.md', 'utf8'), node, tarball);
    passed(`README.md runs as pasted on Node ${version}: ${own.length} steps`);
    if (node === process.execPath) continue;
    run('npx', ['vitest', 'run', '--config', 'test/long.config.ts', EMBEDDING], {
      cwd: process.cwd(),
      env: { ...process.env, ODRADEK_NODE: node },
    });
    passed(`the snippets of docs/embedding.md run on Node ${version}`);
  }
  process.stdout.write(`${done} passed, 0 failed\n`);
} finally {
  rmSync(project, { recursive: true, force: true });
}

/** Runs a README in a project of its own that has nothing but the package. */
async function pasted(text, node, tarball) {
  const folder = mkdtempSync(join(tmpdir(), 'odradek-pasted-'));
  const env = { ...process.env, PATH: `${dirname(node)}${delimiter}${process.env.PATH}` };
  const packed = join(project, tarball);
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'pasted', private: true }));
  try {
    run('npm', ['install', '--no-audit', '--no-fund', '--silent', packed], { cwd: folder, env });
    return await runReadme(text, { project: folder, tarball: packed, env });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A README names its port, so that one is chosen here. */
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return String(port);
}

async function commandStartsAndStops(bin) {
  const broker = spawn(
    bin,
    ['start', '--set', 'listeners=PLAINTEXT://127.0.0.1:0', '--set', 'log.dirs=./data'],
    {
      cwd: project,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const exited = new Promise((settle) => broker.once('exit', (code) => settle(code)));
  const line = await new Promise((settle, fail) => {
    broker.stdout.once('data', (chunk) => settle(String(chunk)));
    void exited.then((code) =>
      fail(new Error(`the broker ended with ${code} before it was ready`)),
    );
  });
  if (
    !/^odradek \S+ ready PLAINTEXT:\/\/127\.0\.0\.1:\d+ node=1 data=\S+ flush=ack\n$/.test(line)
  ) {
    throw new Error(`unexpected ready line: ${line}`);
  }
  broker.kill('SIGTERM');
  const code = await exited;
  if (code !== 0) throw new Error(`the broker ended with ${code}`);
}
