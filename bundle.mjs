/**
 * Makes of what tsc made what is published:
 *
 * - `dist/bin`, the command that users run: a few files instead of two hundred modules, because
 *   Node finds and compiles them in less than half the time (bench/README.md has the figures).
 * - `dist/esm` and `dist/cjs`, the two doors of the package for `import` and for `require`, with
 *   their types.
 * - `dist/worker`, what a thread for maintenance runs.
 * - `dist/vendor`, packages of others in plain JavaScript, each in a file that is loaded when first
 *   used. The smallest are inside the files above. `THIRD-PARTY-NOTICES` has the licence of each.
 *
 * Packages that carry native code stay packages. Nothing is shortened, so that a stack trace can be
 * read.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { rolldown } from 'rolldown';

const DOORS = { index: 'dist/server/index.js', engine: 'dist/engine/public.js' };
const PACKAGE = JSON.parse(readFileSync('package.json', 'utf8'));

/** Loaded with what imports them. */
const INSIDE = ['commander', 'fastest-levenshtein'];

/** Loaded by `require('#vendor/…')`. `piscina`'s threads begin with the `worker` beside it. */
const VENDORED = {
  pino: 'pino',
  'pino-pretty': 'pino-pretty',
  piscina: 'piscina',
  worker: 'node_modules/piscina/dist/worker.js',
};

/** Asked for only for the `nice` of piscina's threads, which lower theirs otherwise. */
const NOT_NEEDED = ['@napi-rs/nice'];

/** Folders of the packages that went in. */
const packages = new Set();

await bundled({ odradek: 'dist/server/main.js' }, 'dist/bin', 'cjs');
await bundled(DOORS, 'dist/cjs', 'cjs');
await bundled(DOORS, 'dist/esm', 'esm');
await bundled({ maintenance: 'dist/engine/maintenance/worker.js' }, 'dist/worker', 'esm');
await vendored();
declarations('dist/esm/types', 'js', '.d.ts');
declarations('dist/cjs/types', 'cjs', '.d.cts');
notices();

async function bundled(input, dir, format) {
  const extension = format === 'esm' ? 'js' : 'cjs';
  await written(
    { input, external: (name) => /^[^./\\\0]/.test(name) && !INSIDE.includes(name) },
    {
      dir,
      format,
      entryFileNames: `[name].${extension}`,
      chunkFileNames: `chunk-[name].${extension}`,
    },
  );
}

async function vendored() {
  await written(
    { input: VENDORED, external: NOT_NEEDED },
    { dir: 'dist/vendor', format: 'cjs', chunkFileNames: 'chunk-[name].js', exports: 'named' },
  );
  writeFileSync('dist/vendor/package.json', '{ "type": "commonjs" }\n');
}

async function written(input, output) {
  const bundle = await rolldown({
    ...input,
    platform: 'node',
    // Warnings tell of what means something else in CommonJS, such as `import.meta.resolve`.
    onLog(_level, { message }) {
      throw new Error(message);
    },
  });
  const { output: files } = await bundle.write({ cleanDir: true, ...output });
  await bundle.close();
  for (const path of files.flatMap(({ modules = {} }) => Object.keys(modules))) {
    const [, folder] = /^(.*node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/.exec(path) ?? [];
    if (folder !== undefined) packages.add(folder);
  }
}

/** Declarations of the doors, and of all that these import: of what is shipped, no others. */
function declarations(dir, extension, ending) {
  rmSync(dir, { recursive: true, force: true });
  const seen = new Set(
    Object.values(DOORS).map((path) => path.replace(/^dist\/(.*)\.js$/, '$1.d.ts')),
  );
  for (const path of seen) {
    const text = readFileSync(join('dist', path), 'utf8').replace(
      /((?:from |import\()(['"]))([^'"]+)\2/g,
      (all, before, quote, name) => {
        if (!name.startsWith('.')) return known(path, name, all);
        const bare = name.replace(/\.js$/, '');
        seen.add(posix.join(posix.dirname(path), `${bare}.d.ts`));
        return `${before}${bare}.${extension}${quote}`;
      },
    );
    const target = join(dir, path.replace(/\.d\.ts$/, ending));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
}

/** Types may name only what an installation has. */
function known(path, name, text) {
  const has = { odradek: '', ...PACKAGE.dependencies, ...PACKAGE.optionalDependencies };
  const [bare] = /^(@[^/]+\/)?[^/]+/.exec(name);
  if (name.startsWith('node:') || bare in has) return text;
  throw new Error(`dist/${path} names types of ${name}, which an installation has not`);
}

/** The licences of what went in, by name. A test compares them with what is committed. */
function notices() {
  const parts = [...packages].map((folder) => {
    const { name, version, license, author } = JSON.parse(
      readFileSync(join(folder, 'package.json'), 'utf8'),
    );
    const file = readdirSync(folder).find((each) => /^licen[cs]e/i.test(each));
    const text = file === undefined ? null : readFileSync(join(folder, file), 'utf8').trim();
    if (text === null && license === undefined) throw new Error(`${folder} has no licence`);
    return [`${name} ${version}`, `${license}`, text ?? `By ${author?.name ?? author}.`].join(
      '\n\n',
    );
  });
  const rule = `\n\n${'-'.repeat(80)}\n\n`;
  const head = 'The files of this package contain those that follow, each under its own licence.';
  writeFileSync('dist/THIRD-PARTY-NOTICES', `${[head, ...parts.sort()].join(rule)}\n`);
}
