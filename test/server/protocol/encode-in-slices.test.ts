import fc from 'fast-check';
import { expect, test } from 'vitest';
import { codec } from '../../../server/protocol/compile.js';
import { ELEMENTS_AT_ONCE_MAX } from '../../../server/protocol/encode-in-slices.js';
import { array, int32, message, string, struct } from '../../../server/protocol/schema.js';
import { Writer } from '../../../server/protocol/writer.js';

const Sample = message({
  apiKey: 0,
  min: 0,
  max: 2,
  flexible: 1,
  fields: {
    throttle: int32({ versions: '1+' }),
    topics: array(
      {
        name: string(),
        partitions: array({ index: int32(), replicas: array(int32()) }),
        tags: array(string(), { versions: '1+', tag: 0, default: [] }),
      },
      { nullable: '2+' },
    ),
    owner: struct({ hosts: array(string()) }, { versions: '2+', nullable: '2+', default: null }),
    last: string(),
  },
});

const values = fc.record({
  throttle: fc.integer({ min: 0, max: 9 }),
  topics: fc.array(
    fc.record({
      name: fc.string({ maxLength: 5 }),
      partitions: fc.nat({ max: 400 }).map((count) =>
        Array.from({ length: count }, (_, index) => ({
          index,
          replicas: [1, 2, 3].slice(index % 4),
        })),
      ),
      tags: fc.array(fc.string(), { maxLength: 3 }),
    }),
    { maxLength: 6 },
  ),
  owner: fc.option(fc.record({ hosts: fc.array(fc.string(), { maxLength: 3 }) })),
  last: fc.string(),
});

test.each([0, 1, 2])(
  'in version %i the bytes are those that are written at once',
  async (version) => {
    await fc.assert(
      fc.asyncProperty(values, async (value) => {
        const { encode, encodeInSlices } = codec(Sample, version);
        const plain = new Writer();
        encode(plain, value);
        const sliced = new Writer();
        let most = 0;
        await encodeInSlices(sliced, value, {
          did: (elements) => {
            most = Math.max(most, elements);
            return elements % 2 === 0 ? Promise.resolve() : null;
          },
        });
        expect(joined(sliced)).toEqual(joined(plain));
        expect(most).toBeLessThanOrEqual(2 * ELEMENTS_AT_ONCE_MAX);
      }),
      { numRuns: 15 },
    );
  },
);

test('a value is weighed by its array elements, those inside of others too, and no further than asked', () => {
  const { weigh } = codec(Sample, 1);
  const topic = { name: 'a', partitions: [{ index: 0, replicas: [1, 2] }], tags: ['x'] };
  expect(weigh({ throttle: 0, topics: [topic, topic], last: '' }, 100)).toBe(2 + 2 * (1 + 2 + 1));
  const partitions = Array.from({ length: 1_000 }, () => ({ index: 0, replicas: [1] }));
  const many = { throttle: 0, topics: [{ name: 'a', partitions, tags: [] }], last: '' };
  expect(weigh(many, 10)).toBeGreaterThan(10);
});

test('a long answer is closed into parts instead of being copied again and again', () => {
  const writer = new Writer();
  writer.int32(0);
  for (let count = 0; count < 40_000; count++) writer.string('0123456789');
  const parts = writer.finishFrame() as Buffer[];
  expect(parts.length).toBeGreaterThan(3);
  const bytes = Buffer.concat(parts);
  expect(bytes.readInt32BE(0)).toBe(bytes.length - 4);
  expect(bytes.subarray(-12)).toEqual(Buffer.from('\0\n0123456789'));
});

function joined(writer: Writer): Buffer {
  return Buffer.concat(writer.finish() as Buffer[]);
}

/** What `encodeInSlices` reports, one report after another. */
async function reportsOf(
  kind: Parameters<typeof codec>[0],
  version: number,
  value: object,
): Promise<number[]> {
  const reports: number[] = [];
  await codec(kind, version).encodeInSlices(new Writer(), value as never, {
    did: (elements) => {
      reports.push(elements);
      return null;
    },
  });
  return reports;
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);

test('a long string weighs as many elements as take as long to write', async () => {
  const { weigh } = codec(Sample, 1);
  const long = 'v'.repeat(32_000);
  const topics = Array.from({ length: 100 }, () => ({ name: long, partitions: [], tags: [] }));
  const value = { throttle: 0, topics, last: long };
  expect(weigh(value, ELEMENTS_AT_ONCE_MAX)).toBeGreaterThan(ELEMENTS_AT_ONCE_MAX);
  const reports = await reportsOf(Sample, 1, value);
  expect(sum(reports)).toBe(100 * (1 + 31) + 31);
  expect(Math.max(...reports)).toBeLessThan(ELEMENTS_AT_ONCE_MAX);
});

test('strings in arrays weigh, too, and those of an element that is written in slices', async () => {
  const long = 'v'.repeat(32_000);
  const owner = { hosts: Array.from({ length: 100 }, () => long) };
  const value = { throttle: 0, topics: [], owner, last: '' };
  expect(codec(Sample, 2).weigh(value, ELEMENTS_AT_ONCE_MAX)).toBeGreaterThan(ELEMENTS_AT_ONCE_MAX);
  const partitions = Array.from({ length: 300 }, () => ({ index: 0, replicas: [] }));
  const large = { throttle: 0, topics: [{ name: long, partitions, tags: [] }], last: '' };
  expect(sum(await reportsOf(Sample, 0, large))).toBe(1 + 31 + 300);
});
