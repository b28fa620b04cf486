import { describe, expect, test } from 'vitest';
import { buildBatchSync } from '../../../engine/batch/builder.js';
import {
  BASE_OFFSET_AT,
  baseOffset,
  HEADER_SIZE,
  lastOffset,
  leaderEpoch,
  recordCount,
} from '../../../engine/batch/header.js';
import { writeInt64 } from '../../../engine/batch/int64.js';
import { scanBatchAt } from '../../../engine/batch/validate.js';
import { fillers, type Mending, mendSegment } from '../../../engine/repair/mend-segment.js';

function batch(base: number, count = 3, value: Buffer | string = 'v'): Buffer {
  const records = Array.from({ length: count }, () => ({ key: null, value, timestamp: 1 }));
  return buildBatchSync(records, { baseOffset: base, leaderEpoch: 4 });
}

/** Five batches of three records each, from offset 100 on. */
const BATCHES = [100, 103, 106, 109, 112].map((base) => batch(base));
const SOUND = Buffer.concat(BATCHES);
/** Where each begins. */
const AT = BATCHES.map((_, at) => Buffer.concat(BATCHES.slice(0, at)).length);

function damaged(change: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(SOUND);
  change(bytes);
  return bytes;
}

const bound = (offset: number) => ({ offset, isBound: true });

const kindsOf = (mendings: readonly Mending[]): string[] =>
  mendings.map((mending) => (mending.kind === 'mended' ? mending.field : mending.kind));

describe('a segment', () => {
  test('that is sound is kept as it is', () => {
    for (const end of [
      bound(115),
      { offset: 115, isBound: false },
      { offset: 108, isBound: false },
      null,
    ]) {
      expect(mendSegment(SOUND, 100, end)).toEqual([
        { kind: 'kept', position: 0, size: SOUND.length },
      ]);
    }
  });

  test('leaves out what a repair filled, where the next segment has it again', () => {
    const bytes = Buffer.concat([batch(100), ...fillers(103, 109, 4)]);
    expect(mendSegment(bytes, 100, bound(103))).toMatchObject([
      { kind: 'kept' },
      { kind: 'covered', size: HEADER_SIZE, fromOffset: 103, toOffset: 103 },
    ]);
    expect(mendSegment(bytes, 100, bound(106))).toMatchObject([
      { kind: 'kept' },
      { kind: 'covered', size: HEADER_SIZE, fromOffset: 103, toOffset: 106, leaderEpoch: 4 },
    ]);
    expect(kindsOf(mendSegment(bytes, 100, bound(109)))).toEqual(['kept']);
  });

  test('with gaps, as compaction leaves them, is kept as it is', () => {
    const bytes = Buffer.concat([batch(100), batch(120, 1), batch(5000)]);
    expect(kindsOf(mendSegment(bytes, 90, bound(9000)))).toEqual(['kept', 'lost']);
    expect(kindsOf(mendSegment(bytes, 90, bound(5003)))).toEqual(['kept']);
  });

  test.each([0, 2, 4])(
    'loses a batch of which records have changed, and nothing else: batch %i',
    (at) => {
      const bytes = damaged((copy) => {
        copy[AT[at]! + HEADER_SIZE + 2] = 0x55;
      });
      const mendings = mendSegment(bytes, 100, bound(115));
      const before = at === 0 ? [] : ['kept'];
      const behind = at === 4 ? [] : ['kept'];
      expect(kindsOf(mendings)).toEqual([...before, 'lost', ...behind]);
      expect(mendings.find(({ kind }) => kind === 'lost')).toEqual({
        kind: 'lost',
        position: AT[at],
        size: BATCHES[at]!.length,
        fromOffset: 100 + 3 * at,
        toOffset: 103 + 3 * at,
        leaderEpoch: at === 0 ? null : 4,
      });
    },
  );

  test('gets back every bit that lies outside of a checksum', () => {
    // Base offset, length, leader epoch, magic.
    for (let byte = 0; byte < 17; byte++) {
      for (let bit = 0; bit < 8; bit++) {
        for (const at of [0, 2, 4]) {
          const bytes = damaged((copy) => {
            copy[AT[at]! + byte] = copy[AT[at]! + byte]! ^ (1 << bit);
          });
          const mendings = mendSegment(bytes, 100, bound(115), () => 4);
          const parts = mendings.map((mending) => {
            expect(mending.kind, `byte ${byte}, bit ${bit} of batch ${at}`).not.toBe('lost');
            if (mending.kind === 'mended') return mending.batch;
            return bytes.subarray(mending.position, mending.position + mending.size);
          });
          expect(Buffer.concat(parts).equals(SOUND)).toBe(true);
        }
      }
    }
  });

  test('gets back an epoch below all, of which no history tells', () => {
    const bytes = damaged((copy) => copy.writeInt32BE(-77, AT[2]! + 12));
    const [, mended] = mendSegment(bytes, 100, bound(115));
    expect(mended).toMatchObject({ kind: 'mended', field: 'leader epoch', batch: BATCHES[2] });
    const first = damaged((copy) => copy.writeInt32BE(-77, 12));
    const [unknown] = mendSegment(first, 100, bound(115));
    expect(unknown?.kind === 'mended' && leaderEpoch(unknown.batch)).toBe(-1);
  });

  test('is not misled by whole batches in a value', () => {
    const mirrored = Buffer.concat([batch(103, 1), batch(104, 2), batch(300)]);
    const carrier = batch(100, 3, mirrored);
    const bytes = Buffer.concat([carrier, batch(103), batch(106)]);
    // A bit of the last record: the batch is lost, and what it carried does not come to life.
    bytes[carrier.length - 1] = bytes[carrier.length - 1]! ^ 1;
    const [lost, ...kept] = mendSegment(bytes, 100, bound(109));
    expect(lost).toMatchObject({
      kind: 'lost',
      size: carrier.length,
      fromOffset: 100,
      toOffset: 103,
    });
    expect(kindsOf(kept)).toEqual(['kept']);
  });

  test('loses what lies between two batches that can be read, where the bytes say nothing', () => {
    const bytes = damaged((copy) => copy.fill(0xa5, AT[1]! + 5, AT[3]! - 7));
    const mendings = mendSegment(bytes, 100, bound(115));
    expect(kindsOf(mendings)).toEqual(['kept', 'lost', 'kept']);
    expect(mendings[1]).toMatchObject({ fromOffset: 103, toOffset: 109 });
  });

  test('that ends early has lost what was known to be durable; else it has a torn tail', () => {
    const cut = SOUND.subarray(0, AT[4]! + 20);
    expect(mendSegment(cut, 100, bound(120)).at(-1)).toMatchObject({
      kind: 'lost',
      fromOffset: 112,
      toOffset: 120,
    });
    expect(mendSegment(cut, 100, null).at(-1)).toMatchObject({
      kind: 'lost',
      fromOffset: 112,
      toOffset: 112,
    });
    expect(mendSegment(SOUND.subarray(0, AT[4]!), 100, bound(115)).at(-1)).toMatchObject({
      kind: 'lost',
      size: 0,
      fromOffset: 112,
      toOffset: 115,
    });
  });
});

test('batches behind the last checkpoint are kept, too', () => {
  const bytes = damaged((copy) => {
    copy[AT[2]! + HEADER_SIZE + 2] = 0x55;
  });
  const mendings = mendSegment(bytes, 100, { offset: 103, isBound: false });
  expect(kindsOf(mendings)).toEqual(['kept', 'lost', 'kept']);
  expect(mendings[1]).toMatchObject({ fromOffset: 106, toOffset: 109 });
});

test('batches without records stand for lost offsets, however many', () => {
  for (const [from, to] of [
    [5, 6],
    [100, 4000],
    [7, 2 ** 33],
  ] as const) {
    const made = fillers(from, to, 9);
    expect(baseOffset(made[0]!)).toBe(from);
    expect(lastOffset(made.at(-1)!)).toBe(to - 1);
    for (const each of made) {
      expect(scanBatchAt(each, 0, each.length)).toBe(HEADER_SIZE);
      expect([recordCount(each), leaderEpoch(each)]).toEqual([0, 9]);
    }
  }
  expect(fillers(5, 5, 0)).toEqual([]);
});

test('a base offset beyond what a number holds is one that has changed', () => {
  const bytes = damaged((copy) =>
    writeInt64(copy, AT[1]! + BASE_OFFSET_AT, Number.MAX_SAFE_INTEGER),
  );
  expect(kindsOf(mendSegment(bytes, 100, bound(115)))[1]).toBe('base offset');
});
