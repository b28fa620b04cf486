import { codecByName } from '../../batch/compression.js';
import { codecId, HEADER_SIZE, recordCount } from '../../batch/header.js';
import { type RecordsProblem, unpackChecked } from '../../batch/records.js';
import { repack } from '../../batch/repack.js';
import { RECORD_BYTES_MIN, validateBatch } from '../../batch/validate.js';
import { type BadRecord, EngineError } from '../../errors.js';
import { LIMITS } from '../../limits.js';
import type { LogSettings } from '../log-settings.js';
import type { LogContext } from '../shared/log-context.js';
import { timestampProblem } from './timestamp-bounds.js';

/** The log whose records are looked at. */
interface CheckingLog {
  readonly context: LogContext;
  readonly settings: LogSettings;
}

/**
 * Whether the records of a batch are counted, whatever its log asks for, because it claims too many
 * for any batch, or for its bytes. For most batches one comparison is enough.
 */
export function isClaimCounted(batch: Buffer): boolean {
  if (batch.length < HEADER_SIZE) return false;
  const claimed = recordCount(batch);
  if (claimed <= LIMITS.recordsUncountedMax || codecId(batch) === 0) return false;
  const plausibleBytes = (batch.length - HEADER_SIZE) * LIMITS.unpackedPerByteUncountedMax;
  return claimed > LIMITS.recordsClaimedMax || claimed * RECORD_BYTES_MIN > plausibleBytes;
}

/**
 * Looks at every record of a batch, for compacted topics, `odradek.validate=records`, and batches
 * that claim more records than is taken on trust. Returns the error of the records: NULL_KEY and
 * INVALID_TIMESTAMP, naming records, BATCH_TOO_LARGE for a batch that unpacks to more than is
 * allowed, INVALID_BATCH, CORRUPT_BATCH. Null also for a batch with a wrong header, since the
 * append reports that more precisely.
 */
export async function checkRecords(log: CheckingLog, batch: Buffer): Promise<EngineError | null> {
  if (validateBatch(batch, log.settings) !== null) return null;
  const checked = await unpackWith(log, batch, async () => null);
  return checked instanceof EngineError ? checked : null;
}

/** Whether a batch is stored in another codec than it came in. */
export function isRepacked({ compression }: LogSettings, batch: Buffer): boolean {
  if (compression === 'producer' || batch.length < HEADER_SIZE) return false;
  return codecId(batch) !== codecByName(compression).id;
}

/**
 * The batch in the codec of its topic, its records checked as by `checkRecords`. The same batch
 * where its header is wrong, since the append reports that more precisely. Errors are those of
 * `checkRecords`, and BATCH_TOO_LARGE for a batch that has become larger than a batch, or a
 * segment, may be.
 */
export async function repackForLog(log: CheckingLog, batch: Buffer): Promise<Buffer | EngineError> {
  const { settings } = log;
  const { compression, compressionLevel } = settings;
  if (compression === 'producer' || validateBatch(batch, settings) !== null) return batch;
  const largest = Math.min(settings.maxBatchBytes, settings.segmentBytes);
  const repacked = await unpackWith(
    log,
    batch,
    (payload) => repack(batch, payload, compression, compressionLevel, log.context.slices),
    // Records larger than this cannot be packed to an allowed size.
    Math.floor(Math.max(0, largest - HEADER_SIZE) * codecByName(compression).expansionMax),
  );
  if (repacked === 'too-large') return tooLargePacked(settings, `more than ${largest}`, largest);
  if (repacked instanceof EngineError || repacked.length <= largest) return repacked;
  return tooLargePacked(settings, `${repacked.length}`, largest);
}

function tooLargePacked({ compression }: LogSettings, bytes: string, largest: number): EngineError {
  return new EngineError(
    'BATCH_TOO_LARGE',
    `the batch has ${bytes} bytes with compression.type ${compression}, ${largest} are allowed (max.message.bytes, segment.bytes)`,
  );
}

/**
 * Unpacks a batch, checks its records and hands them to `use`, as one of the few batches that are
 * unpacked at a time. `too-large`: it unpacks to more than `unpackedBytesMax`, and its memory was
 * released as soon as that was seen.
 */
async function unpackWith<Result>(
  log: CheckingLog,
  batch: Buffer,
  use: (payload: Buffer) => Promise<Result>,
  unpackedBytesMax: number = LIMITS.decompressedBatchBytesMax,
): Promise<Result | EngineError | 'too-large'> {
  const { settings, context } = log;
  const named: BadRecord[] = [];
  const nowMs = context.clock.wallMs();
  try {
    return await context.unpacking.run(log, batch, async (bytesMax) => {
      named.splice(0);
      const isDecisive =
        unpackedBytesMax < LIMITS.decompressedBatchBytesMax && unpackedBytesMax <= bytesMax;
      const unpacked = await unpackChecked(batch, {
        compacted: settings.compacted,
        maxDecompressedBytes: Math.min(bytesMax, unpackedBytesMax),
        slices: context.slices,
        timestampProblem: (timestamp) => timestampProblem(settings, timestamp, nowMs),
        named,
      });
      if (typeof unpacked !== 'string') return use(unpacked);
      if (unpacked === 'unpacks-too-large' && isDecisive) return 'too-large' as const;
      const refusal = refusalOf(unpacked, named);
      // The work is tried once more where the batch may have more memory.
      if (unpacked === 'unpacks-too-large') throw refusal;
      return refusal;
    });
  } catch (error) {
    if (error instanceof EngineError) return error;
    return new EngineError('CORRUPT_BATCH', 'the batch cannot be unpacked', { cause: error });
  }
}

/**
 * A batch whose header has a timestamp out of bounds is refused; the error names the records that
 * have one, where they can be read.
 */
export async function nameRecords(
  log: CheckingLog,
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
