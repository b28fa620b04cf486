import fc from 'fast-check';
import { Partitioners } from 'kafkajs';
import { expect, test } from 'vitest';
import { murmur2, partitionOfKey } from '../../../server/protocol/partitioner.js';

// From the tests of Apache Kafka's clients.
test.each([
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
])('murmur2 of %j is %d, as in Java', (text, hash) => {
  expect(murmur2(Buffer.from(text))).toBe(hash);
});

test('any key goes where kafkajs sends it', () => {
  const theirs = Partitioners.DefaultPartitioner();
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }),
      fc.integer({ min: 1, max: 1000 }),
      (key, count) => {
        const partitionMetadata = Array.from({ length: count }, (_, partitionId) => ({
          partitionErrorCode: 0,
          partitionId,
          leader: 1,
          replicas: [1],
          isr: [1],
        }));
        const message = { key: Buffer.from(key), value: null };
        expect(partitionOfKey(key, count)).toBe(theirs({ topic: 't', partitionMetadata, message }));
      },
    ),
  );
});
