/**
 * Makes of what tsc made what CommonJS needs:
 *
 * - `dist/bin`, the command that users run: a few files instead of two hundred modules, because
 *   Node finds and compiles them in less than half the time (bench/README.md has the figures). Only
 *   the command's own process runs them: its workers, and programs that import the package, get
 *   tsc's.
 * - `dist/cjs`, the two doors of the package for `require`, with their types. Jest and `tsc` with
 *   `module: commonjs` cannot load what tsc made, which are ES modules.
 *
 * Packages stay packages, and nothing is shortened, so that a stack trace can be read.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { rolldown } from 'rolldown';

const DOORS = { index: 'dist/server/index.js', engine: 'dist/engine/index.js' };

await bundled({ odradek: 'dist/server/main.js' }, 'dist/bin');
await bundled(DOORS, 'dist/cjs');
declarations(Object.values(DOORS).map((path) => path.replace(/^dist\/(.*)\.js$/, '$1.d.ts')));

async function bundled(input, dir) {
  const bundle = await rolldown({
    input,
    platform: 'node',
    external: /^[^./\\\0]/,
    // Warnings tell of what means something else in CommonJS, such as `import.meta.resolve`.
    onLog(_level, { message }) {
      throw new Error(message);
    },
  });
  await bundle.write({
    dir,
    cleanDir: true,
    format: 'cjs',
    entryFileNames: '[name].cjs',
    chunkFileNames: 'chunk-[name].cjs',
  });
  await bundle.close();
}

/**
 * Declarations for `require`: those that tsc made for the doors, and all that these import, as
 * `.d.cts` that import one another.
 */
function declarations(waiting) {
  const seen = new Set(waiting);
  for (const path of seen) {
    const text = readFileSync(join('dist', path), 'utf8').replace(
      /((?:from |import\()(['"]))(\.{1,2}\/[^'"]+)\.js\2/g,
      (_all, before, quote, name) => {
        seen.add(posix.join(posix.dirname(path), `${name}.d.ts`));
        return `${before}${name}.cjs${quote}`;
      },
    );
    const target = join('dist/cjs/types', path.replace(/\.d\.ts$/, '.d.cts'));
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
}
