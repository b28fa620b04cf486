import { codecId, HEADER_SIZE, recordCount } from '../batch/header.js';
import { validateRecords } from '../batch/records.js';
import { validateBatch } from '../batch/validate.js';
import { EngineError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { LogParts } from './log-parts.js';

/** Whether a batch claims so many records that they are counted, whatever its log asks for. */
export function claimsMany(batch: Buffer): boolean {
  return (
    batch.length >= HEADER_SIZE &&
    recordCount(batch) > LIMITS.recordsClaimedMax &&
    codecId(batch) !== 0
  );
}

/**
 * Looks at every record of a batch, for compacted topics, `odradek.validate=records`, and counts that nobody vouches for. Returns what is wrong with
 * them: NULL_KEY, BATCH_TOO_LARGE for what unpacks to more than is allowed, INVALID_BATCH, CORRUPT_BATCH. Null also for a batch that is wrong outside,
 * since the append says so more precisely.
 */
export async function checkRecords(log: LogParts, batch: Buffer): Promise<EngineError | null> {
  const { compacted } = log.settings;
  const { slices, unpacking } = log.context;
  if (validateBatch(batch, log.settings) !== null) return null;
  try {
    const problem = await unpacking.run(log, batch, async (maxDecompressedBytes) => {
      const found = await validateRecords(batch, { compacted, maxDecompressedBytes, slices });
      if (found !== 'unpacks-too-large') return found;
      throw new EngineError(
        'BATCH_TOO_LARGE',
        `the batch unpacks to more than ${maxDecompressedBytes} bytes`,
      );
    });
    if (problem === null) return null;
    if (problem === 'null-key') {
      return new EngineError('NULL_KEY', 'a record of a compacted topic needs a key');
    }
    if (problem === 'too-many-headers') {
      return new EngineError(
        'INVALID_BATCH',
        `a record has more than ${LIMITS.headersPerRecordMax} headers: split it`,
      );
    }
    return new EngineError('INVALID_BATCH', `the records of the batch are not valid: ${problem}`);
  } catch (error) {
    if (error instanceof EngineError) return error;
    return new EngineError('CORRUPT_BATCH', 'the batch cannot be unpacked', { cause: error });
  }
}
