import { validateRecords } from '../batch/records.js';
import { validateBatch } from '../batch/validate.js';
import { EngineError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { LogParts } from './log-parts.js';

/**
 * Looks at every record of a batch, for compacted topics and `odradek.validate=records`. Returns what is wrong with them: NULL_KEY, BATCH_TOO_LARGE for what
 * unpacks to more than is allowed, INVALID_BATCH, CORRUPT_BATCH. Null also for a batch that is wrong outside, since the append says so more precisely.
 */
export async function checkRecords(log: LogParts, batch: Buffer): Promise<EngineError | null> {
  const { compacted } = log.settings;
  const maxDecompressedBytes = LIMITS.decompressedBatchBytesMax;
  if (validateBatch(batch, log.settings) !== null) return null;
  try {
    const problem = await log.context.unpacking.run(() =>
      validateRecords(batch, { compacted, maxDecompressedBytes }),
    );
    if (problem === null) return null;
    if (problem === 'null-key') {
      return new EngineError('NULL_KEY', 'a record of a compacted topic needs a key');
    }
    if (problem === 'unpacks-too-large') {
      return new EngineError(
        'BATCH_TOO_LARGE',
        `the batch unpacks to more than ${maxDecompressedBytes} bytes`,
      );
    }
    return new EngineError('INVALID_BATCH', `the records of the batch are not valid: ${problem}`);
  } catch (error) {
    if (error instanceof EngineError) return error;
    return new EngineError('CORRUPT_BATCH', 'the batch cannot be unpacked', { cause: error });
  }
}
