import { storedBatches, type TurnSlices } from '../../engine/index.js';
import { SERVER_LIMITS } from '../limits.js';
import type { StateTopic } from './state-topic.js';

/**
 * Hands over every record that a partition has at the time of the call, in order, with pauses.
 * Resolves when that is done, or soon after `isWanted` has become false. Rejects with the errors of
 * the partition and its log, CORRUPT_BATCH among them, or with ProtocolError for a record in no
 * known form.
 */
export async function replay<R>(
  topic: StateTopic<R>,
  index: number,
  slices: TurnSlices,
  onRecord: (record: R) => void,
  isWanted: () => boolean,
): Promise<void> {
  const { log } = topic.partition(index);
  // Writes of the term before may still wait for their place, and records that have their place
  // cannot be read before they are written.
  await log.flush();
  const endOffset = log.logEndOffset;
  const work = slices.begin();
  for (let offset = log.logStartOffset; offset < endOffset; ) {
    const { slice } = log.read({
      offset,
      maxBytes: SERVER_LIMITS.stateLoadBytes,
      minOneBatch: true,
      isolation: 'log-end',
    });
    if (slice === null) return;
    try {
      for await (const batch of storedBatches(await slice.bytes(), offset, slices, log)) {
        for (const { key, value } of batch.records) {
          if (!isWanted()) return;
          const record = key === null ? null : topic.codec.decode(key, value);
          if (record !== null) onRecord(record);
          const pause = work.did(1);
          if (pause !== null) await pause;
        }
        offset = batch.nextOffset;
      }
    } finally {
      slice.release();
    }
  }
}
