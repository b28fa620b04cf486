import { baseTimestamp, maxTimestamp } from '../../batch/header.js';
import { type BatchProblem, validateBatch } from '../../batch/validate.js';
import { EngineError, type EngineErrorCode } from '../../errors.js';
import type { LogSettings } from '../log-settings.js';
import type { OriginRules } from './origin.js';
import { timestampProblem } from './timestamp-bounds.js';

/** Throws the problem of the batch's header, but for the checks that its origin is spared. */
export function judgeBatch(settings: LogSettings, batch: Buffer, origin: OriginRules): void {
  const problem = validateBatch(batch, settings, origin);
  if (problem !== null) throw refusal(problem, batch, settings.maxBatchBytes);
}

/** The header's own bounds; a record in between is trusted unless `odradek.validate=records`. */
export function checkTimestamps(
  settings: LogSettings,
  batch: Buffer,
  nowMs: number,
  origin: OriginRules,
): void {
  const problem =
    timestampProblem(settings, maxTimestamp(batch), nowMs) ??
    timestampProblem(settings, baseTimestamp(batch), nowMs);
  if (problem !== null && !origin.timestamps) {
    throw new EngineError('INVALID_TIMESTAMP', problem);
  }
}

const REFUSALS: Record<BatchProblem, { code: EngineErrorCode; text: string }> = {
  'unsupported-magic': { code: 'UNSUPPORTED_MAGIC', text: 'the batch is not of record format v2' },
  'bad-length': { code: 'CORRUPT_BATCH', text: 'the length field does not fit the bytes' },
  'more-than-one-batch': {
    code: 'INVALID_BATCH',
    text: 'more than one batch was sent for one partition',
  },
  'too-large': { code: 'BATCH_TOO_LARGE', text: 'the batch is larger than max.message.bytes' },
  'bad-crc': { code: 'CORRUPT_BATCH', text: 'the checksum does not match the bytes' },
  'unknown-codec': { code: 'UNKNOWN_CODEC', text: 'the compression codec does not exist' },
  'control-batch': { code: 'INVALID_BATCH', text: 'clients do not write control batches' },
  'bad-count': {
    code: 'INVALID_BATCH',
    text: 'the record count is not that of the offsets, or more than the bytes can hold',
  },
  'bad-timestamp': {
    code: 'INVALID_TIMESTAMP',
    text: 'the batch says that its timestamps are those of the append, which only the log sets',
  },
  'bad-producer': { code: 'INVALID_BATCH', text: 'producer id, epoch and sequence disagree' },
};

function refusal(problem: BatchProblem, batch: Buffer, maxBatchBytes: number): EngineError {
  const { code, text } = REFUSALS[problem];
  const sizes =
    problem === 'too-large' ? `: ${batch.length} bytes, ${maxBatchBytes} are allowed` : '';
  return new EngineError(code, text + sizes);
}
