import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import { claiming, manyHeaders } from '../../support/forged-batches.js';
import { TurnMeter } from '../../support/turn-meter.js';
import { beside, produceOf, startAttackedBroker } from './attacked-broker.js';

/** Two bytes each: 60 MB of zeros, which zstd packs into some kilobytes. */
const HEADERS = 30_000_000;

const listOffsets = (timestamp: number) => ({
  replicaId: -1,
  isolationLevel: 0,
  topics: [{ name: 'plain', partitions: [{ partitionIndex: 0, timestamp }] }],
});

test('a record of millions of headers is refused by a compacted topic, and passed over by lookups by time', async () => {
  const meter = new TurnMeter();
  const broker = await startAttackedBroker({ meter });
  await broker.createTopic('compacted', { 'cleanup.policy': 'compact' });
  await broker.createTopic('plain');
  const batch = await manyHeaders(HEADERS);
  expect(batch.length).toBeLessThan(8_192);
  await beside(broker, async () => {
    const client = await broker.connect();
    const refused = await client.call('Produce', 9, produceOf('compacted', Buffer.from(batch)));
    expect(refused.topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.INVALID_RECORD);
    const stored = await client.call('Produce', 9, produceOf('plain', batch));
    expect(stored.topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, baseOffset: 0 });
    for (const timestamp of [1, -3]) {
      const found = await client.call('ListOffsets', 7, listOffsets(timestamp));
      expect(found.topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, offset: 0 });
    }
  });
  meter.stop();
  expect(meter.total.records).toBeLessThan(20);
});

test('61 bytes that claim 2^31 - 1 records are refused, and end no segment', async () => {
  const broker = await startAttackedBroker();
  await broker.createTopic('plain');
  await beside(broker, async () => {
    const client = await broker.connect();
    for (let round = 0; round < 20; round++) {
      const claim = await claiming(2 ** 31 - 1, Buffer.alloc(0));
      const { topics } = await client.call('Produce', 9, produceOf('plain', claim));
      expect(topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.INVALID_RECORD);
    }
  });
  const files = readdirSync(broker.dataDir).filter((name) => name.startsWith('plain-'));
  // Nothing was ever appended: not even the folder is there.
  expect(files.map((name) => join(broker.dataDir, name))).toEqual([]);
});

test('batches of some hundred bytes that claim a million records each are refused', async () => {
  const broker = await startAttackedBroker();
  await broker.createTopic('plain');
  const claim = await claiming(1_000_000, Buffer.alloc(2 ** 23), 'zstd');
  expect(claim.length).toBeLessThan(1_024);
  await beside(broker, async () => {
    const client = await broker.connect();
    for (let round = 0; round < 20; round++) {
      const { topics } = await client.call('Produce', 9, produceOf('plain', Buffer.from(claim)));
      expect(topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.INVALID_RECORD);
    }
  });
});
