import fc from 'fast-check';
import type { RecordInput } from '../../../engine/batch/builder.js';
import type { RecordView } from '../../../engine/batch/records.js';

const field = fc.option(
  fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 20 }),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
  ),
);

const header = fc.tuple(fc.string({ unit: 'grapheme', maxLength: 10 }), field);

/** Records with every kind of field, times in any order, and gaps between the offsets. */
export const recordInputs: fc.Arbitrary<RecordInput[]> = fc
  .array(
    fc.record({
      key: field,
      value: field,
      headers: fc.array(header, { maxLength: 4 }),
      timestamp: fc.oneof(fc.integer({ min: -1, max: 5 }), fc.nat({ max: 2 ** 31 - 1 })),
      gap: fc.nat(3),
    }),
    { minLength: 1, maxLength: 30 },
  )
  .map((drafts) => {
    let offsetDelta = -1;
    return drafts.map(({ gap, ...record }) => {
      offsetDelta += 1 + gap;
      return { ...record, offsetDelta };
    });
  });

/** What a reader must see of `input` in a batch at `baseOffset`. */
export function asRead(inputs: readonly RecordInput[], baseOffset: number): RecordView[] {
  return inputs.map((input, i) => ({
    offset: baseOffset + (input.offsetDelta ?? i),
    timestamp: input.timestamp,
    key: bytesOf(input.key),
    value: bytesOf(input.value),
    headers: [...(input.headers ?? [])].map((header) => {
      const [key, value] = 'key' in header ? [header.key, header.value] : header;
      return { key, value: bytesOf(value) };
    }),
  }));
}

function bytesOf(value: Uint8Array | string | null): Buffer | null {
  return value === null ? null : Buffer.from(value as string);
}
