import { baseOffset, isControl, lastOffset, recordCount } from '../../batch/header.js';
import { RecordCursor } from '../../batch/record-cursor.js';
import { decompressRecords } from '../../batch/records.js';
import { LIMITS } from '../../limits.js';
import type { BadBatch, Jobs } from '../job-runner.js';
import { KeyMap } from '../key-map.js';
import { Pacer } from '../pacer.js';
import { BadBatchFound, blamedOn, readBatches } from './batch-reader.js';
import type { JobWorld } from './job-world.js';
import { TransactionOutcomes } from './transaction-outcomes.js';

/**
 * Notes the last offset of each key, as `Jobs.mapKeys` says. Records of aborted transactions do not
 * count; control batches have no keys.
 */
export async function mapKeys(
  { disk, clock }: JobWorld,
  input: Jobs['mapKeys']['input'],
): Promise<Jobs['mapKeys']['output']> {
  const { sources, fromOffset } = input;
  const map = new KeyMap(input.map, input.loadFactor);
  const pacer = new Pacer(clock, input.bytesPerSecond, input.stop);
  const outcomes = new TransactionOutcomes(disk, sources, pacer);
  let endOffset = fromOffset;
  let records = 0;
  const result = (bad: BadBatch | null): Jobs['mapKeys']['output'] => ({
    endOffset,
    keys: map.count,
    records,
    bad,
  });
  try {
    for (const source of sources) {
      for await (const batch of readBatches(disk, source, pacer)) {
        const { bytes } = batch;
        if (lastOffset(bytes) < fromOffset) continue;
        const outcome = await outcomes.of(bytes);
        if (outcome === 'unknown') return result(null);
        if (outcome === 'committed' && !isControl(bytes)) {
          const fullAt = await mapBatch(map, bytes, fromOffset).catch((error: unknown) => {
            throw blamedOn(error, source, batch);
          });
          if (fullAt !== null) {
            endOffset = fullAt;
            return result(null);
          }
        }
        records += recordCount(bytes);
        endOffset = lastOffset(bytes) + 1;
      }
    }
    return result(null);
  } catch (error) {
    if (error instanceof BadBatchFound) return result(error.bad);
    throw error;
  }
}

/** Returns the offset of the first record that had no room, or null. */
async function mapBatch(map: KeyMap, batch: Buffer, fromOffset: number): Promise<number | null> {
  const payload = await decompressRecords(batch, LIMITS.decompressedBatchBytesMax);
  const first = baseOffset(batch);
  const cursor = new RecordCursor(payload, batch);
  while (cursor.next()) {
    const offset = first + cursor.offsetDelta;
    const { key } = cursor;
    if (offset < fromOffset || key === null) continue;
    if (!map.put(key, offset)) return offset;
  }
  return null;
}
