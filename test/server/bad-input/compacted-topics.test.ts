import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { buildBatch, buildBatchSync } from '../../../engine/batch/builder.js';
import { HEADER_SIZE } from '../../../engine/batch/header.js';
import { LIMITS } from '../../../engine/limits.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import { resealed } from '../../support/forged-batches.js';
import { beside, produceOf, startAttackedBroker } from './attacked-broker.js';
import { memoryHeld } from './memory.js';

const MIB = 1024 * 1024;
const GZIP = 1;
const timestamp = Date.UTC(2026, 0, 1);

/** A batch of one record that unpacks to `bytes`: what its header cannot tell. */
function bomb(bytes: number): Buffer {
  const header = buildBatchSync([{ key: 'k', value: 'v', timestamp }]).subarray(0, HEADER_SIZE);
  const records = gzipSync(Buffer.alloc(bytes), { level: 9 });
  return resealed(Buffer.concat([header, records]), GZIP, 1);
}

describe('a compacted topic, whose records are looked at', () => {
  test('refuses a batch that unpacks to too much, and never holds more of it than the cap allows', async () => {
    const broker = await startAttackedBroker();
    await broker.createTopic('t', { 'cleanup.policy': 'compact' });
    const big = bomb(300 * MIB);
    expect(big.length).toBeLessThan(MIB);
    await beside(broker, async () => {
      const before = memoryHeld();
      let peakBytes = 0;
      const watch = setInterval(() => {
        peakBytes = Math.max(peakBytes, process.memoryUsage().arrayBuffers);
      }, 5);
      const client = await broker.connect();
      const { topics } = await client.call('Produce', 9, produceOf('t', big));
      clearInterval(watch);
      expect(topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.MESSAGE_TOO_LARGE);
      // Once for the pieces, and once for the whole.
      const cap = LIMITS.decompressedBatchBytesMax;
      expect(peakBytes - before.bufferBytes).toBeLessThan(2 * cap + 32 * MIB);
    });
  });

  test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'refuses a record without a key, whatever packs it (%s)',
    async (codec) => {
      const broker = await startAttackedBroker();
      await broker.createTopic('t', { 'cleanup.policy': 'compact' });
      await beside(broker, async () => {
        const client = await broker.connect();
        const records = [
          { key: 'k', value: 'v', timestamp },
          { key: null, value: 'v', timestamp },
        ];
        const refused = await client.call(
          'Produce',
          9,
          produceOf('t', await buildBatch(records, { codec })),
        );
        expect(refused.topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.INVALID_RECORD);
        const good = await client.call(
          'Produce',
          9,
          produceOf('t', await buildBatch(records.slice(0, 1), { codec })),
        );
        expect(good.topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, baseOffset: 0 });
      });
    },
  );

  test('refuses records that are garbage, and a count that is not that of the records', async () => {
    const broker = await startAttackedBroker();
    await broker.createTopic('t', { 'cleanup.policy': 'compact' });
    await beside(broker, async () => {
      const client = await broker.connect();
      const whole = (): Buffer => buildBatchSync([{ key: 'k', value: 'v', timestamp }]);
      const garbage = [
        resealed(Buffer.concat([whole(), Buffer.from('more')]), 0, 1),
        resealed(whole(), 0, 2),
        resealed(whole(), 0, 2 ** 31 - 1),
        resealed(whole(), GZIP, 1),
        resealed(whole(), 2, 1),
        resealed(whole(), 3, 1),
        resealed(whole(), 4, 1),
        // A record of 2^31 bytes, and a varint that never ends.
        resealed(
          Buffer.concat([whole().subarray(0, HEADER_SIZE), Buffer.from('ffffffff0f', 'hex')]),
          0,
          1,
        ),
        resealed(Buffer.concat([whole().subarray(0, HEADER_SIZE), Buffer.alloc(20, 0xff)]), 0, 1),
      ];
      for (const batch of garbage) {
        const { topics } = await client.call('Produce', 9, produceOf('t', batch));
        expect(topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.INVALID_RECORD);
      }
      const { topics } = await client.call('Produce', 9, produceOf('t', whole()));
      expect(topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, baseOffset: 0 });
    });
    expect(broker.lines).toEqual([]);
  });
});

test('a batch whose inside is garbage, where the broker does not look inside, is refused by a lookup by time and by nothing else', async () => {
  const broker = await startAttackedBroker();
  await broker.createTopic('t');
  const client = await broker.connect();
  const header = buildBatchSync([{ key: 'k', value: 'v', timestamp }]).subarray(0, HEADER_SIZE);
  const batch = resealed(Buffer.concat([header, Buffer.alloc(50, 0xff)]), 0, 1);
  const { topics } = await client.call('Produce', 9, produceOf('t', batch));
  expect(topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, baseOffset: 0 });
  await beside(broker, async () => {
    const found = await client.call('ListOffsets', 6, {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp: 1 }] }],
    });
    expect(found.topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.CORRUPT_MESSAGE);
  });
});
