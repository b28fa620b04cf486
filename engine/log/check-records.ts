import { codecId, HEADER_SIZE, recordCount } from '../batch/header.js';
import { type RecordsProblem, validateRecords } from '../batch/records.js';
import { validateBatch } from '../batch/validate.js';
import { type BadRecord, EngineError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { LogParts } from './log-parts.js';
import { timestampProblem } from './timestamp-bounds.js';

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
 * them: NULL_KEY and INVALID_TIMESTAMP, naming records, BATCH_TOO_LARGE for what unpacks to more than is allowed, INVALID_BATCH, CORRUPT_BATCH. Null
 * also for a batch that is wrong outside, since the append says so more precisely.
 */
export async function checkRecords(log: LogParts, batch: Buffer): Promise<EngineError | null> {
  const { settings, context } = log;
  if (validateBatch(batch, settings) !== null) return null;
  const named: BadRecord[] = [];
  const nowMs = context.clock.wallMs();
  try {
    const problem = await context.unpacking.run(log, batch, async (maxDecompressedBytes) => {
      named.length = 0;
      const found = await validateRecords(batch, {
        compacted: settings.compacted,
        maxDecompressedBytes,
        slices: context.slices,
        timestampProblem: (timestamp) => timestampProblem(settings, timestamp, nowMs),
        named,
      });
      // Asked for once more where the batch may have more memory.
      if (found === 'unpacks-too-large') throw refusalOf(found, named);
      return found;
    });
    return problem === null ? null : refusalOf(problem, named);
  } catch (error) {
    if (error instanceof EngineError) return error;
    return new EngineError('CORRUPT_BATCH', 'the batch cannot be unpacked', { cause: error });
  }
}

/** A batch whose header has a timestamp out of bounds is refused; which records have one, where its records can be read. */
export async function nameRecords(
  log: LogParts,
  batch: Buffer,
  error: EngineError,
): Promise<EngineError> {
  const found = await checkRecords(log, batch);
  if (found?.code !== 'INVALID_TIMESTAMP') return error;
  return new EngineError('INVALID_TIMESTAMP', error.message, { records: found.records });
}

function refusalOf(problem: RecordsProblem, records: readonly BadRecord[]): EngineError {
  switch (problem) {
    case 'null-key':
      return new EngineError('NULL_KEY', 'a record of a compacted topic needs a key', { records });
    case 'bad-timestamp':
      return new EngineError(
        'INVALID_TIMESTAMP',
        records[0]?.message ?? 'a timestamp is out of bounds',
        { records },
      );
    case 'unpacks-too-large':
      return new EngineError(
        'BATCH_TOO_LARGE',
        `the batch unpacks to more than ${LIMITS.decompressedBatchBytesMax} bytes`,
      );
    case 'too-many-headers':
      return new EngineError(
        'INVALID_BATCH',
        `a record has more than ${LIMITS.headersPerRecordMax} headers: split it`,
      );
    default:
      return new EngineError('INVALID_BATCH', `the records of the batch are not valid: ${problem}`);
  }
}
