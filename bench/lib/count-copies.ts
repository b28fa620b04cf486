/**
 * Loaded into a broker with `--import …/count-copies.js?folder=FOLDER`: counts the bytes that
 * JavaScript copies from one buffer to another. At each SIGUSR2 writes the sum so far into the next
 * file of the folder: 1, 2, … What the kernel copies and what native code copies by itself is not
 * seen.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

type Method = (this: unknown, ...args: unknown[]) => unknown;

const folder = new URL(import.meta.url).searchParams.get('folder') ?? '.';
let bytes = 0;
let answers = 0;
/** A method that uses another one is counted once. */
let depth = 0;

function count(
  owner: object,
  name: string,
  copied: (self: unknown, args: unknown[], result: unknown) => number,
): void {
  const original = Reflect.get(owner, name) as Method;
  const counting: Method = function (...args) {
    depth++;
    try {
      const result = Reflect.apply(original, this, args);
      if (depth === 1) bytes += copied(this, args, result);
      return result;
    } finally {
      depth--;
    }
  };
  Reflect.set(owner, name, counting);
}

function sizeOf(value: unknown): number {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return value.byteLength;
  return Array.isArray(value) ? value.length : 0;
}

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;
count(Buffer.prototype, 'copy', (_self, _args, result) => Number(result));
count(typedArray, 'set', (_self, [source]) => sizeOf(source));
count(typedArray, 'slice', (_self, _args, result) => sizeOf(result));
count(typedArray, 'copyWithin', (self, [target, start = 0, end = sizeOf(self)]) =>
  Math.max(0, Math.min(Number(end) - Number(start), sizeOf(self) - Number(target))),
);
count(ArrayBuffer.prototype, 'slice', (_self, _args, result) => sizeOf(result));
count(Buffer, 'concat', (_self, _args, result) => sizeOf(result));
// Of an ArrayBuffer it is a view.
count(Buffer, 'from', (_self, [source]) => (ArrayBuffer.isView(source) ? sizeOf(source) : 0));

process.on('SIGUSR2', () => {
  const path = join(folder, String(++answers));
  writeFileSync(`${path}.partial`, `${bytes}\n`);
  renameSync(`${path}.partial`, path);
});
