import { join } from 'node:path';
import { segmentFileName } from '../../disk/file-names.js';
import type { LogFile } from '../../disk/log-file.js';
import { ownLogFile } from '../../disk/own-file.js';
import { LIMITS } from '../../limits.js';
import type { Segment } from '../segments/segment.js';
import { SegmentList } from '../segments/segment-list.js';
import type { LogContext } from '../shared/log-context.js';
import { makeDurable } from '../shared/make-durable.js';
import { type LogPosition, NOWHERE } from '../state/offset-tracker.js';
import { assumeStart } from './assumed-start.js';
import { cutTail, damagedLog, holdsBatchIn, setAside } from './cut-tail.js';
import { type FoundSegments, findSegments } from './find-segments.js';
import type { Recovered, RecoveryInput } from './recovered.js';
import { maySleep, resumeTrusted } from './resume-trusted.js';
import { rewriteRange } from './rewrite-range.js';
import { TailBatches } from './tail-batches.js';
import type { Readable } from './tail-evidence.js';
import { scanTail } from './tail-scan.js';

/**
 * Opens a log from its files. Everything below the checkpoint is trusted; behind it every batch is
 * read with its CRC, and
 *
 * - the bytes are written again, since a page cache that survived a failed sync can hold pages that
 *   never reached the disk;
 * - the caller must sync them before anything is served, and does so for many logs at once; those
 *   of a long tail are synced while it is read, so that few files are open;
 * - a torn tail is cut off, its bytes kept in a `.cut` file;
 * - a bad batch with a good one behind it is damage: nothing is cut, the log is not opened
 *   (DAMAGED_LOG).
 *
 * The cost depends on the bytes behind the checkpoint, not on the size of the log. Where there are
 * none, no file is opened: the indexes of the active segment sleep until its first append.
 */
export async function recoverLog(context: LogContext, input: RecoveryInput): Promise<Recovered> {
  const found = await findSegments(context, input);
  return new Recovery(context, input, found).run();
}

class Recovery {
  readonly #context: LogContext;
  readonly #input: RecoveryInput;
  readonly #found: FoundSegments;
  readonly #segments = new SegmentList();
  readonly #batches: TailBatches;
  readonly #unsynced: LogFile[] = [];
  #areNamesUnsynced = false;
  #scannedBytes = 0;
  #cutBytes = 0;

  constructor(context: LogContext, input: RecoveryInput, found: FoundSegments) {
    this.#context = context;
    this.#input = input;
    this.#found = found;
    this.#batches = new TailBatches(context, input, found.mayHaveGaps);
  }

  async run(): Promise<Recovered> {
    const { checkpoint } = this.#input;
    const from = checkpoint?.segmentBase ?? 0;
    const work = this.#context.slices.begin();
    const tail: Segment[] = [];
    // The same is known of all segments.
    const areGapless = this.#found.segments[0]?.isGapless ?? true;
    for (const segment of this.#found.segments) {
      if (segment.baseOffset < from) this.#segments.add(segment);
      else tail.push(segment);
      const pause = work.did(1);
      if (pause !== null) await pause;
    }
    this.#checkAgainstCheckpoint(tail);
    const tailBytes = tail.reduce((sum, { size }) => sum + size, 0);
    this.#input.opening.found(tailBytes - (this.#input.checkpoint?.position ?? 0));
    const end = await this.#recoverTail(tail);
    const { active } = this.#segments;
    if (active && this.#found.linked.has(active)) {
      await ownLogFile(this.#context.disk, active.file);
    }
    return this.#ended(end, !areGapless || this.#batches.leavesGap);
  }

  #ended(end: LogPosition, hasGaps: boolean): Recovered {
    const { checkpoint, logStart } = this.#input;
    const { epochs, producers } = this.#batches;
    const first = this.#segments.first?.baseOffset;
    const assumedStart =
      first === undefined
        ? this.#input.assumedStart
        : assumeStart(this.#context.logger, this.#input, first);
    const start = Math.max(logStart, first ?? 0);
    epochs.truncateStart(start);
    if (!this.#batches.areEpochsOwn) epochs.noteForeign();
    // A producer's page may be ahead of the checkpoint, and of a log that damage has cut short.
    producers.truncateEnd(end.offset, new Map());
    // Where everything up to the log start is gone, the log goes on there.
    const endThere = { ...end, offset: Math.max(end.offset, logStart) };
    const leavesGapAtEnd = endThere.offset > end.offset && this.#segments.count > 0;
    if (leavesGapAtEnd) this.#segments.active!.noteGap();
    const leavesGap = leavesGapAtEnd || (this.#found.mayHaveGaps && !this.#input.hasGaps);
    const committed = Math.max(checkpoint?.highWatermark ?? start, start);
    return {
      segments: this.#segments,
      logStart: start,
      end: endThere,
      hasGaps: leavesGap || hasGaps,
      leavesGap,
      assumedStart,
      highWatermark:
        committed < endThere.offset
          ? { offset: committed, segmentBase: NOWHERE, position: 0 }
          : endThere,
      epochs,
      producers,
      scannedBytes: this.#scannedBytes,
      cutBytes: this.#cutBytes,
      unsynced: {
        files: this.#unsynced,
        folders: this.#areNamesUnsynced ? [this.#input.folder, this.#context.directory.root] : [],
      },
    };
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

  /** Recovers the segment of the checkpoint and all segments behind it. */
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
        // Whole batches at the end of the segment before were lost.
        this.#cutBytes += await setAside(this.#context, this.#input.folder, rest);
        break;
      }
      // All records before it are gone, and no offset is given out twice.
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
   * Files with unsynced bytes stay open, and there may be more of them than the process may have
   * open.
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
    const { settings, opening } = this.#input;
    const { indexNames } = this.#found;
    const size = segment.size;
    if (size === trusted && isLast) {
      const mayWait = maySleep(this.#context, this.#input, indexNames, segment, trusted);
      if (!mayWait) {
        await resumeTrusted(this.#context, this.#input, indexNames, segment, trusted);
      }
      // The file may be this short in the page cache only: a truncation was under way.
      if (!this.#context.wasClean) this.#unsynced.push(segment.file);
      return { offset: expectedOffset, segmentBase: segment.baseOffset, position: trusted };
    }
    await resumeTrusted(this.#context, this.#input, indexNames, segment, trusted);
    const told: Readable = {
      read: async (into, position) => {
        const count = await segment.file.read(into, position);
        opening.handled(count);
        return count;
      },
    };
    const scan = await scanTail(
      told,
      trusted,
      size,
      expectedOffset,
      (bytes, at, offset) => this.#batches.fits(segment, bytes, at, offset),
      (bytes, at, batchBytes) => {
        segment.noted.note(bytes, at, batchBytes, settings.indexIntervalBytes);
        this.#batches.note(bytes, at);
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
    await rewriteRange(segment.file, trusted, scan.end, (bytes) => opening.handled(bytes));
    this.#unsynced.push(segment.file);
    this.#areNamesUnsynced = true;
    return { offset: scan.endOffset, segmentBase: segment.baseOffset, position: scan.end };
  }
}
