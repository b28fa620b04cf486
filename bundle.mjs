/**
 * Makes `dist/bin`, the command that users run, of what tsc made: a few CommonJS files instead of
 * two hundred modules, because Node finds and compiles them in less than half the time
 * (bench/README.md has the figures). Packages stay packages, and nothing is shortened, so that a
 * stack trace can be read. Only the command's own process runs these files: its workers, and
 * whoever imports the package, get tsc's.
 */
import { rolldown } from 'rolldown';

const bundle = await rolldown({
  input: { odradek: 'dist/server/main.js' },
  platform: 'node',
  external: /^[^./\\\0]/,
  // Warnings tell of what means something else in CommonJS, such as `import.meta.resolve`.
  onLog(_level, { message }) {
    throw new Error(message);
  },
});
await bundle.write({
  dir: 'dist/bin',
  cleanDir: true,
  format: 'cjs',
  entryFileNames: '[name].cjs',
  chunkFileNames: '[name].cjs',
});
await bundle.close();
