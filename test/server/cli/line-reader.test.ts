import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readLines } from '../../../server/cli/line-reader.js';

async function* chunked(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0;
  for (const size of sizes) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
  yield bytes.subarray(at);
}

async function linesOf(chunks: AsyncIterable<Buffer>, lineBytesMax = 1000): Promise<string[]> {
  const found: string[] = [];
  for await (const lines of readLines(chunks, lineBytesMax)) {
    for (const line of lines) found.push(line.toString('latin1'));
  }
  return found;
}

test('lines are the same however the bytes come', async () => {
  const byte = fc.oneof(fc.constant(0x0a), fc.integer({ min: 0, max: 255 }));
  const input = fc.array(byte, { maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(input, fc.array(fc.nat(9)), async (bytes, sizes) => {
      const expected = Buffer.from(bytes).toString('latin1').split('\n');
      // A newline ends a line; it does not begin one.
      if (expected.at(-1) === '') expected.pop();
      expect(await linesOf(chunked(Buffer.from(bytes), sizes))).toEqual(expected);
    }),
  );
});

test('a line without an end is refused before it fills the memory', async () => {
  async function* endless(): AsyncGenerator<Buffer> {
    yield Buffer.from('first\n');
    for (;;) yield Buffer.alloc(100, 'x');
  }
  await expect(linesOf(endless())).rejects.toThrow('line 2 has over 1000 bytes');
});
