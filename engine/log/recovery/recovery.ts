import { join } from 'node:path';
import {
  baseOffset,
  baseSequence,
  lastOffset,
  lastOffsetDelta,
  leaderEpoch,
  NO_EPOCH,
  producerEpoch,
  producerId,
} from '../../batch/header.js';
import { hasErrno } from '../../disk/errno.js';
import { parseSegmentFileName, segmentFileName } from '../../disk/file-names.js';
import type { LogFile } from '../../disk/log-file.js';
import { LIMITS } from '../../limits.js';
import { unlinkFiles } from '../../maintenance/jobs/unlink.js';
import { unlinkInPieces } from '../../maintenance/unlink-in-pieces.js';
import type { LogCheckpoint } from '../durability/log-records.js';
import type { LogSettings } from '../log-settings.js';
import { cutIndexFiles, indexesFromFiles, readIndexFiles } from '../segments/index-files.js';
import { NotedBatches } from '../segments/noted-batches.js';
import { Segment } from '../segments/segment.js';
import { SegmentList } from '../segments/segment-list.js';
import { resumeSegment } from '../segments/segment-resume.js';
import { readFirstTimestamp } from '../segments/wake-segment.js';
import type { LogContext } from '../shared/log-context.js';
import { makeDurable } from '../shared/make-durable.js';
import { LeaderEpochs } from '../state/leader-epochs.js';
import { type LogPosition, NOWHERE } from '../state/offset-tracker.js';
import { lastSequenceOf } from '../state/producer.js';
import type { ProducerStates } from '../state/producer-state.js';
import { assumeStart, isSegmentBack } from './assumed-start.js';
import { cutTail, damagedLog, holdsBatchIn, setAside } from './cut-tail.js';
import { finishSwaps } from './finish-swaps.js';
import { rewriteRange } from './rewrite-range.js';
import { continues } from './tail-evidence.js';
import { scanTail } from './tail-scan.js';

/** What recovery found. Nothing of it is served before `unsynced` is durable. */
export interface Recovered {
  readonly segments: SegmentList;
  readonly logStart: number;
  readonly end: LogPosition;
  /** As far as it was written down, and no further than the end. */
  readonly highWatermark: LogPosition;
  /** Whether offsets may be left out. */
  readonly hasGaps: boolean;
  /**
   * Whether some may be of which the catalog does not know, which is to be known durably before
   * anything is appended.
   */
  readonly leavesGap: boolean;
  /** As `RecoveryInput.assumedStart`, from now on: to be known durably. */
  readonly assumedStart: number;
  readonly epochs: LeaderEpochs;
  readonly producers: ProducerStates;
  /** Bytes behind the checkpoint that were read; 0 after a clean stop. */
  readonly scannedBytes: number;
  /** Bytes of a torn tail that were set aside. */
  readonly cutBytes: number;
  /** Files, oldest first, and folders that a sync has to cover; none after a clean stop. */
  readonly unsynced: { readonly files: readonly LogFile[]; readonly folders: readonly string[] };
}

export interface RecoveryInput {
  readonly folder: string;
  /** What is in it; empty where there is no such folder. */
  readonly names: readonly string[];
  readonly settings: LogSettings;
  readonly checkpoint: LogCheckpoint | null;
  /** What the checkpoint knows of them; changed by what is found. */
  readonly producers: ProducerStates;
  /** Log start offset by decree. */
  readonly logStart: number;
  /** Where the log was found to begin while nothing said where it does; 0: never. */
  readonly assumedStart: number;
  /** Whether the log is known to leave offsets out. */
  readonly hasGaps: boolean;
}

/**
 * Opens what is on disk. Everything below the checkpoint is trusted; behind it every batch is read
 * with its CRC, and
 *
 * - the bytes are written again, since a page cache that survived a failed sync can hold pages that
 *   never reached the disk;
 * - they are to be synced before anything is served, by the caller, who does it for many logs at
 *   once; those of a long tail are synced as it is read, so that few files are open;
 * - a torn tail is cut off, its bytes kept in a `.cut` file;
 * - a bad batch with a good one behind it is damage: nothing is cut, the log is not opened
 *   (DAMAGED_LOG).
 *
 * Costs what was appended since the checkpoint, whatever the size of the log. Where nothing was, no
 * file is opened: the indexes of the active segment sleep until its first append.
 */
export async function recoverLog(context: LogContext, input: RecoveryInput): Promise<Recovered> {
  const recovery = new Recovery(context, input);
  return recovery.run();
}

const INDEX_KINDS = ['index', 'timeindex'] as const;

class Recovery {
  readonly #context: LogContext;
  readonly #input: RecoveryInput;
  /**
   * Index files in the folder that may be those of segments behind the checkpoint, once unfinished
   * swaps are finished.
   */
  readonly #indexNames = new Set<string>();
  readonly #segments = new SegmentList();
  readonly #epochs: LeaderEpochs;
  readonly #producers: ProducerStates;
  readonly #unsynced: LogFile[] = [];
  #areNamesUnsynced = false;
  /** Whether the log is known to leave offsets out, or nobody knows it of all its segments. */
  #mayHaveGaps: boolean;
  /**
   * Whether epochs in the log only rise: those of another directory may be higher than this one's,
   * and only a checkpoint knows that there are none.
   */
  readonly #epochsRise: boolean;
  /** Whether a segment is not known to be without gaps. */
  #hasGaps = false;
  #scannedBytes = 0;
  #cutBytes = 0;

  constructor(context: LogContext, input: RecoveryInput) {
    this.#context = context;
    this.#input = input;
    this.#epochs = new LeaderEpochs(input.checkpoint?.epochs, input.checkpoint?.areEpochsOwn);
    this.#producers = input.producers;
    this.#mayHaveGaps = input.hasGaps;
    this.#epochsRise = input.checkpoint !== null && this.#areEpochsOwn();
  }

  async run(): Promise<Recovered> {
    const found = await this.#findSegments();
    const { checkpoint, logStart } = this.#input;
    const from = checkpoint?.segmentBase ?? 0;
    const work = this.#context.slices.begin();
    const tail: Segment[] = [];
    for (const segment of found) {
      if (segment.baseOffset < from) this.#segments.add(segment);
      else tail.push(segment);
      const pause = work.did(1);
      if (pause !== null) await pause;
    }
    this.#checkAgainstCheckpoint(tail);
    const end = await this.#recoverTail(tail);
    const first = this.#segments.first?.baseOffset;
    const assumedStart =
      first === undefined
        ? this.#input.assumedStart
        : assumeStart(this.#context.logger, this.#input, first);
    const start = Math.max(logStart, first ?? 0);
    this.#epochs.truncateStart(start);
    if (!this.#areEpochsOwn()) this.#epochs.noteForeign();
    // What is written down of one may be ahead of the checkpoint, and of a log that damage has cut
    // short.
    this.#producers.truncateEnd(end.offset, new Map());
    // Where everything up to the decreed start is gone, the log goes on there.
    const endThere = { ...end, offset: Math.max(end.offset, logStart) };
    const leavesGapAtEnd = endThere.offset > end.offset && this.#segments.count > 0;
    if (leavesGapAtEnd) this.#segments.active!.noteGap();
    const leavesGap = leavesGapAtEnd || (this.#mayHaveGaps && !this.#input.hasGaps);
    const committed = Math.max(checkpoint?.highWatermark ?? start, start);
    return {
      segments: this.#segments,
      logStart: start,
      end: endThere,
      hasGaps: leavesGap || this.#hasGaps,
      leavesGap,
      assumedStart,
      highWatermark:
        committed < endThere.offset
          ? { offset: committed, segmentBase: NOWHERE, position: 0 }
          : endThere,
      epochs: this.#epochs,
      producers: this.#producers,
      scannedBytes: this.#scannedBytes,
      cutBytes: this.#cutBytes,
      unsynced: {
        files: this.#unsynced,
        folders: this.#areNamesUnsynced ? [this.#input.folder, this.#context.directory.root] : [],
      },
    };
  }

  /**
   * Live segments by base offset, in slices. Files on their way out are removed, in the background.
   */
  async #findSegments(): Promise<Segment[]> {
    const { disk, slices } = this.#context;
    const { folder, checkpoint } = this.#input;
    const bases: number[] = [];
    const leftovers: string[] = [];
    const unfinished: string[] = [];
    const work = slices.begin();
    for (const name of await finishSwaps(this.#context, folder, this.#input.names)) {
      const pause = work.did(1, 'records');
      if (pause !== null) await pause;
      const parsed = parseSegmentFileName(name);
      if (!parsed) continue;
      const { state, kind, baseOffset } = parsed;
      if (state === 'deleted') leftovers.push(join(folder, name));
      // Outputs of a compaction that never counted: a swap that did is finished by now.
      if (state === 'cleaned' || state === 'swap') unfinished.push(join(folder, name));
      if (state !== null) continue;
      if (kind === 'log') bases.push(baseOffset);
      else if (baseOffset >= (checkpoint?.segmentBase ?? 0)) this.#indexNames.add(name);
    }
    // At once: the next compaction uses these names.
    if (unfinished.length > 0) await unlinkFiles(disk, { paths: unfinished });
    if (leftovers.length > 0) this.#removeLater(leftovers);
    const segments: Segment[] = [];
    const sorted = Float64Array.from(bases).sort();
    if (isSegmentBack(sorted[0], this.#input.assumedStart)) this.#mayHaveGaps = true;
    for (const baseOffset of sorted) {
      const segment = await this.#segmentAt(baseOffset);
      if (segment !== null) segments.push(segment);
      const pause = work.did(1);
      if (pause !== null) await pause;
    }
    return segments;
  }

  async #segmentAt(baseOffset: number): Promise<Segment | null> {
    const { disk, files, random } = this.#context;
    const { folder, checkpoint, settings } = this.#input;
    const path = join(folder, segmentFileName(baseOffset, 'log'));
    const stat = await disk.stat(path);
    if (stat === null) return null;
    // Without a checkpoint every batch is looked at.
    const isGapless = this.#isGapless || (checkpoint === null && !this.#mayHaveGaps);
    if (!isGapless) this.#hasGaps = true;
    return new Segment({
      baseOffset,
      file: files.file(path),
      size: stat.size,
      createdMs: stat.modifiedMs,
      rollJitterMs: random.next() * settings.segmentJitterMs,
      indexes: null,
      isGapless,
    });
  }

  #removeLater(paths: readonly string[]): void {
    const { jobs, logger } = this.#context;
    const { folder } = this.#input;
    unlinkInPieces(jobs, paths).catch((error: unknown) => {
      if (hasErrno(error, 'ABORTED')) return;
      logger.warn({ folder, error }, 'files of deleted segments could not be removed');
    });
  }

  #checkAgainstCheckpoint(tail: readonly Segment[]): void {
    const { checkpoint, folder } = this.#input;
    if (!checkpoint) return;
    const [segment] = tail;
    if (segment?.baseOffset !== checkpoint.segmentBase) {
      throw damagedLog(
        this.#input.folder,
        `${join(folder, segmentFileName(checkpoint.segmentBase, 'log'))} is missing, and ${checkpoint.offset === 0 ? 'it was durable' : `the log was durable up to offset ${checkpoint.offset - 1}`}`,
      );
    }
    if (segment.size < checkpoint.position) {
      throw damagedLog(
        this.#input.folder,
        `${segment.file.path} has ${segment.size} bytes, ${checkpoint.position} of them were acknowledged`,
      );
    }
  }

  /** The segment of the checkpoint and all behind it. */
  async #recoverTail(tail: readonly Segment[]): Promise<LogPosition> {
    const { checkpoint, logStart } = this.#input;
    let end: LogPosition = {
      offset: checkpoint?.offset ?? logStart,
      segmentBase: logStart,
      position: 0,
    };
    for (const [at, segment] of tail.entries()) {
      const trusted = segment.baseOffset === checkpoint?.segmentBase ? checkpoint.position : 0;
      if (at > 0 && segment.baseOffset !== end.offset && segment.baseOffset > logStart) {
        const rest = tail.slice(at);
        if (segment.baseOffset < end.offset || (await holdsBatchIn(rest, end.offset))) {
          throw damagedLog(
            this.#input.folder,
            `${segment.file.path} should begin at offset ${end.offset}: a segment or a part of one is missing`,
          );
        }
        // The end of the one before was lost whole batches at a time.
        this.#cutBytes += await setAside(this.#context, this.#input.folder, rest);
        break;
      }
      // Whatever came before it is gone, and no offset is given out twice.
      if (!checkpoint && at === 0) end = { ...end, offset: segment.baseOffset };
      end = await this.#recoverSegment(segment, trusted, Math.max(end.offset, segment.baseOffset), {
        isLast: at + 1 === tail.length,
        later: () => tail.slice(at + 1),
      });
      this.#segments.add(segment);
      if (this.#cutBytes > 0) break;
      await this.#syncIfMany();
    }
    return end;
  }

  /**
   * Files with unsynced bytes stay open, and there may be more of them than the process may have.
   */
  async #syncIfMany(): Promise<void> {
    const { files, syncRounds } = this.#context;
    if (files.hasRoom && this.#unsynced.length < LIMITS.recoveredFilesUnsyncedMax) return;
    await makeDurable(syncRounds, this.#unsynced.splice(0), []);
  }

  async #recoverSegment(
    segment: Segment,
    trusted: number,
    expectedOffset: number,
    { isLast, later }: { isLast: boolean; later: () => Segment[] },
  ): Promise<LogPosition> {
    const { settings } = this.#input;
    const size = segment.size;
    if (size === trusted && isLast) {
      if (!this.#maySleep(segment, trusted)) await this.#resume(segment, trusted);
      // The file may be this short in the page cache only: a truncation was under way.
      if (!this.#context.wasClean) this.#unsynced.push(segment.file);
      return { offset: expectedOffset, segmentBase: segment.baseOffset, position: trusted };
    }
    await this.#resume(segment, trusted);
    const scan = await scanTail(
      segment.file,
      trusted,
      size,
      expectedOffset,
      (bytes, at, offset) => this.#fits(segment, bytes, at, offset),
      (bytes, at, batchBytes) => {
        segment.noted.note(bytes, at, batchBytes, settings.indexIntervalBytes);
        this.#noteBatch(bytes, at);
      },
    );
    this.#scannedBytes += scan.end - trusted;
    segment.written(segment.size);
    if (scan.verdict === 'damaged') {
      throw damagedLog(
        this.#input.folder,
        `${segment.file.path} is damaged at byte ${scan.end} (offset ${scan.endOffset}): a whole batch lies there or behind it`,
      );
    }
    if (scan.verdict === 'torn') {
      this.#cutBytes += await cutTail(this.#context, this.#input.folder, segment, scan, later());
    }
    await rewriteRange(segment.file, trusted, scan.end);
    this.#unsynced.push(segment.file);
    this.#areNamesUnsynced = true;
    return { offset: scan.endOffset, segmentBase: segment.baseOffset, position: scan.end };
  }

  /**
   * Whether nobody needs the indexes yet. Not where index files may have entries of bytes that were
   * lost, as after a power cut: those must not come back as if they were of what will be appended.
   */
  #maySleep(segment: Segment, trusted: number): boolean {
    if (trusted === 0 || !(this.#context.wasClean || !this.#hasIndexFiles(segment))) return false;
    const times = this.#input.checkpoint?.times;
    if (times) segment.noted.adoptTimes(times);
    return true;
  }

  #hasIndexFiles({ baseOffset }: Segment): boolean {
    return INDEX_KINDS.some((kind) => this.#indexNames.has(segmentFileName(baseOffset, kind)));
  }

  /**
   * Brings the segment's bookkeeping to byte `trusted`: from its index files, and the few headers
   * behind their last entry.
   */
  async #resume(segment: Segment, trusted: number): Promise<void> {
    const { disk, counters } = this.#context;
    const { indexIntervalBytes } = this.#input.settings;
    const hasFiles = this.#hasIndexFiles(segment);
    const files = trusted > 0 && hasFiles ? await readIndexFiles(disk, segment) : null;
    const found = files && indexesFromFiles(files, trusted);
    const savedOffsets = found?.offsets.count ?? 0;
    const savedTimes = found?.times.count ?? 0;
    const noted = NotedBatches.none(segment.baseOffset);
    const resumed = resumeSegment(segment, noted, found, trusted, indexIntervalBytes);
    const { reached, fromFiles } = resumed;
    segment.takeOver(noted, !fromFiles);
    if (fromFiles) segment.saves.hold(savedOffsets, savedTimes);
    else if (savedOffsets > 0) counters.indexRebuilds++;
    if (reached !== trusted) {
      throw damagedLog(
        this.#input.folder,
        `${segment.file.path} is damaged at byte ${reached}, below the recovery point ${trusted}`,
      );
    }
    // Entries of an earlier life must not come back as if they were of this one's bytes.
    if (hasFiles) await cutIndexFiles(disk, segment);
    readFirstTimestamp(segment);
    segment.written(segment.size);
  }

  /** Whether a batch that leaves offsets out behind the checkpoint is damaged. */
  get #isGapless(): boolean {
    return this.#input.checkpoint?.isGapless === true && !this.#mayHaveGaps;
  }

  #areEpochsOwn(): boolean {
    return this.#epochs.areOwn && this.#epochs.latest <= this.#context.leaderEpoch;
  }

  /** What the checksum leaves out. */
  #fits(segment: Segment, bytes: Buffer, at: number, expectedOffset: number): boolean {
    const base = baseOffset(bytes, at);
    if (this.#isGapless ? base !== expectedOffset : !continues(base, expectedOffset)) return false;
    const epoch = leaderEpoch(bytes, at);
    if (epoch < NO_EPOCH) return false;
    const last = base + lastOffsetDelta(bytes, at);
    if (last < base || last >= Number.MAX_SAFE_INTEGER) return false;
    if (this.#epochsRise && epoch !== NO_EPOCH && epoch < this.#epochs.latest) return false;
    if (base > expectedOffset) {
      segment.noteGap();
      this.#hasGaps = true;
    }
    return true;
  }

  #noteBatch(bytes: Buffer, at: number): void {
    const epoch = leaderEpoch(bytes, at);
    const base = baseOffset(bytes, at);
    if (epoch !== NO_EPOCH && epoch < this.#epochs.latest) this.#epochs.noteForeign();
    this.#epochs.assign(epoch, base);
    const id = producerId(bytes, at);
    const sequence = baseSequence(bytes, at);
    if (id < 0 || sequence < 0) return;
    this.#producers.add(id, {
      epoch: producerEpoch(bytes, at),
      baseSequence: sequence,
      lastSequence: lastSequenceOf(sequence, lastOffsetDelta(bytes, at) + 1),
      baseOffset: base,
      lastOffset: lastOffset(bytes, at),
      timestampMs: this.#context.clock.wallMs(),
    });
  }
}
