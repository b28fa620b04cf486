import {
  baseSequence,
  batchSize,
  HEADER_SIZE,
  MAGIC_V2,
  magic,
  producerEpoch,
  producerId,
  recordCount,
} from '../../batch/header.js';
import { EngineError, type EngineErrorCode } from '../../errors.js';
import type { ProducerStates } from '../state/producer-state.js';

/** Temporary refusals, after which a producer sends the same batch again. */
const PASSING: ReadonlySet<EngineErrorCode> = new Set([
  'STORAGE_FULL',
  'STORAGE_BUSY',
  'CORRUPT_BATCH',
]);

/**
 * Notes that a batch was refused, if its producer will send it again: the batches that it has sent
 * behind this one must not take its place. A batch that is too large comes again in smaller ones,
 * from the same sequence on, unless it is a single record.
 */
export function noteRefusal(
  producers: ProducerStates,
  batch: Buffer,
  error: unknown,
  nowMs: number,
): void {
  if (!(error instanceof EngineError) || batch.length < HEADER_SIZE) return;
  const comesInParts = error.code === 'BATCH_TOO_LARGE' && recordCount(batch) > 1;
  if (comesInParts || PASSING.has(error.code)) expectAgain(producers, batch, nowMs);
}

/** Notes that a batch, or the header of one, did not come to its log and will be sent again. */
export function expectAgain(producers: ProducerStates, batch: Buffer, nowMs: number): void {
  if (batch.length < HEADER_SIZE || magic(batch) !== MAGIC_V2) return;
  const id = producerId(batch);
  const next = { epoch: producerEpoch(batch), sequence: baseSequence(batch) };
  if (id < 0 || id > Number.MAX_SAFE_INTEGER || next.epoch < 0 || next.sequence < 0) return;
  producers.expect(id, next, nowMs);
}

/**
 * Takes back the whole batches in `buffers`, one after another, which were noted from `startOffset`
 * on and are not in the log.
 */
export function takeBackBatches(
  producers: ProducerStates,
  buffers: readonly Uint8Array[],
  startOffset: number,
): void {
  for (const { buffer, byteOffset, byteLength } of buffers) {
    const bytes = Buffer.from(buffer, byteOffset, byteLength);
    for (let at = 0; at < bytes.length; at += batchSize(bytes, at)) {
      const id = producerId(bytes, at);
      if (id < 0) continue;
      const first = { epoch: producerEpoch(bytes, at), sequence: baseSequence(bytes, at) };
      producers.takeBack(id, first, startOffset);
    }
  }
}
