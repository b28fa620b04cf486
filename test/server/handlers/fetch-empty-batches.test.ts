import { expect, test } from 'vitest';
import { batchSize, lastOffset, recordCount } from '../../../engine/batch/header.js';
import { MemoryCatalog } from '../../../engine/catalog/memory-catalog.js';
import type { PartitionLog } from '../../../engine/index.js';
import { keyedBatch } from '../../support/keyed.js';
import {
  fetchOf,
  type MemoryBroker,
  memoryBroker,
  produceOf,
} from '../../support/memory-broker.js';
import { killProcess, newWorld, openWorld } from '../../support/sim-engine.js';

async function append(broker: MemoryBroker, key: string, value: string | null): Promise<void> {
  const batch = await keyedBatch([[key, value]], { timestamp: broker.clock.wallMs() });
  const answer = await broker.call('Produce', 9, produceOf('t', batch, { acks: -1 }));
  expect(answer.topics[0]!.partitions[0]!.errorCode).toBe(0);
}

function logOf(broker: MemoryBroker): PartitionLog {
  return broker.partitions.find(broker.metadata.image.topic('t')!, 0).log;
}

/** Batches of an answer, as `last offset:records`. */
function batchesOf(answer: { topics: readonly { partitions: readonly { records: unknown }[] }[] }) {
  const bytes = answer.topics[0]!.partitions[0]!.records as Buffer;
  const batches: string[] = [];
  for (let at = 0; at < bytes.length; at += batchSize(bytes, at)) {
    batches.push(`${lastOffset(bytes, at)}:${recordCount(bytes, at)}`);
  }
  return batches;
}

test('a fetch at an end without records waits for the next record, and is answered with that end', async () => {
  const world = newWorld();
  const catalog = new MemoryCatalog();
  const before = await memoryBroker({ host: await openWorld(world), catalog });
  await before.createTopic('t', 1, { 'cleanup.policy': 'compact', 'delete.retention.ms': '0' });
  await append(before, 'keep', 'x');
  await append(before, 'gone', 'x');
  await append(before, 'gone', null);
  await logOf(before).maintenance.roll();
  // This pass gives the tombstone its time. Without a catalog the next pass begins from the start,
  // and takes it.
  await logOf(before).maintenance.compact();
  await before.store.close();

  const host = await openWorld({ ...killProcess(world), catalog: new MemoryCatalog() });
  const broker = await memoryBroker({ host, catalog });
  await logOf(broker).maintenance.compact();
  const fetch = fetchOf({ name: 't' }, [{ fetchOffset: 1 }], { maxWaitMs: 60_000, minBytes: 1 });
  const waiting = broker.call('Fetch', 12, fetch);
  const waits = new Promise((resolve) => setImmediate(() => resolve('waits')));
  expect(await Promise.race([waiting, waits])).toBe('waits');
  broker.clock.advance(60_000);
  expect(batchesOf(await waiting)).toEqual(['2:0']);

  const next = broker.call('Fetch', 12, fetch);
  await append(broker, 'new', 'x');
  expect(batchesOf(await next)).toEqual(['3:1']);
});
