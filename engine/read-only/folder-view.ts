import { basename } from 'node:path';
import { HEADER_SIZE, baseOffset as offsetOf } from '../batch/header.js';
import { FolderSegments } from '../inspect/folder-segments.js';
import { LIMITS } from '../limits.js';
import { readLogStartFile } from '../log/durability/log-start-file.js';
import type { LogSettings } from '../log/log-settings.js';
import { ReadHints } from '../log/read/read-hints.js';
import type { ReadContext } from '../log/read/readable-log.js';
import { continues } from '../log/recovery/tail-evidence.js';
import { scanTail } from '../log/recovery/tail-scan.js';
import { indexesFromFiles, readIndexFiles } from '../log/segments/index-files.js';
import { NotedBatches } from '../log/segments/noted-batches.js';
import { Segment } from '../log/segments/segment.js';
import { SegmentList } from '../log/segments/segment-list.js';
import { resumeInSlices } from '../log/segments/segment-resume.js';
import { LeaderEpochs } from '../log/state/leader-epochs.js';
import type { LogLife } from '../log/state/log-life.js';
import { type LogPosition, OffsetTracker } from '../log/state/offset-tracker.js';
import { readTopicId } from '../partition-folder.js';
import { ChangeTimes } from './change-times.js';

/** A segment, and its file as it was when it was looked at. */
interface SeenSegment {
  readonly segment: Segment;
  readonly path: string;
  readonly fileId: number;
  /** Of the file; all of it but a torn end is in the segment. */
  readonly size: number;
}

/** The end of a log without a batch. */
const NOTHING: LogPosition = { offset: 0, segmentBase: 0, position: 0 };

/**
 * The segments of a log that another process writes, as of the last look at its folder. Each look
 * takes in what has come since: whole batches, which are made durable before anybody sees them.
 */
export class FolderView {
  readonly context: ReadContext;
  readonly folder: string;
  readonly settings: LogSettings;
  readonly life: LogLife;
  readonly epochs = new LeaderEpochs([], false);
  readonly readHints = new ReadHints();
  readonly #topicId: string;
  readonly #listing: FolderSegments;
  #segments = new SegmentList();
  #offsets = offsetsFrom(0, NOTHING);
  /** Behind the last batch that was noted, whatever was deleted. */
  #end: LogPosition = NOTHING;
  #seen: SeenSegment[] = [];
  /** The header of the last noted batch of the last segment, and where it stands. */
  #lastBatch: { readonly position: number; readonly header: Buffer } | null = null;
  /** Looks in a row that found a torn end of one size. */
  #stuck = 0;
  /** Of names in the folder, and of bytes in the last segment. */
  readonly #names = new ChangeTimes();
  readonly #writes = new ChangeTimes();

  constructor(
    context: ReadContext,
    folder: string,
    topicId: string,
    settings: LogSettings,
    life: LogLife,
  ) {
    this.context = context;
    this.folder = folder;
    this.settings = settings;
    this.life = life;
    this.#topicId = topicId;
    this.#listing = new FolderSegments(context.disk, folder);
  }

  get segments(): SegmentList {
    return this.#segments;
  }

  get offsets(): OffsetTracker {
    return this.#offsets;
  }

  /** The next look lists the folder: what is known of it was wrong. */
  doubt(): void {
    this.#names.forget();
    this.#writes.forget();
  }

  /**
   * Looks at the folder. `same`: nothing has changed; `gone`: the log was deleted, or is another
   * one now. Rejects with what the disk throws.
   */
  async look(): Promise<'same' | 'changed' | 'gone'> {
    const { disk } = this.context;
    const found = await disk.stat(this.folder);
    if (found === null || readTopicId(disk, this.folder) !== this.#topicId) return 'gone';
    const wasListed = this.#names.isSettled(found.modifiedMs) ? false : await this.#list();
    const hasGrown = await this.#grow();
    return wasListed || hasGrown ? 'changed' : 'same';
  }

  /** Closes all files. */
  async close(): Promise<void> {
    const leaving = this.#seen.splice(0);
    await Promise.all(leaving.map(({ segment }) => retire(segment)));
  }

  /** Takes in the files as they are now. Returns whether they are others than before. */
  async #list(): Promise<boolean> {
    const now = await this.#filesNow();
    if (now !== null) return this.#become(now);
    // A file went while it was looked at: the next look lists them again.
    this.doubt();
    return false;
  }

  /** Null where a file went while it was looked at. */
  async #filesNow(): Promise<SeenSegment[] | null> {
    const { disk } = this.context;
    const listed = await this.#listing.list();
    const files: SeenSegment[] = [];
    for (const { baseOffset, path } of listed) {
      const found = await disk.stat(path);
      if (found === null) return null;
      const { size, fileId } = found;
      const known = this.#seen.find((each) => each.fileId === fileId);
      const isLast = baseOffset === listed.at(-1)?.baseOffset;
      const wasLast = known !== undefined && known === this.#seen.at(-1);
      if (known !== undefined && isLast === wasLast && isAsSeen(known, size, isLast)) {
        // The output of a compaction has taken its name.
        if (known.path !== path) known.segment.file.renamed(path);
        files.push({ ...known, path });
      } else {
        files.push({ segment: this.#segmentAt(baseOffset, path, size), path, fileId, size });
      }
    }
    return files;
  }

  #segmentAt(baseOffset: number, path: string, size: number): Segment {
    return new Segment({
      baseOffset,
      file: this.context.files.file(path),
      size,
      createdMs: 0,
      rollJitterMs: 0,
      indexes: null,
      isGapless: false,
    });
  }

  async #become(now: SeenSegment[]): Promise<boolean> {
    const before = this.#seen;
    const isChanged =
      now.length !== before.length ||
      now.some(({ segment }, at) => segment !== before[at]!.segment);
    const start = await readLogStartFile(this.context.disk, this.folder);
    if (!isChanged && start <= this.#offsets.logStart) return false;
    const kept = new Set(now.map(({ segment }) => segment));
    for (const each of now.slice(0, -1)) {
      // What is behind a roll is not written to any more.
      if (!before.some(({ segment }) => segment === each.segment)) {
        await each.segment.file.datasync();
      }
    }
    const last = now.at(-1);
    const isNewLast = last !== undefined && !before.some(({ segment }) => segment === last.segment);
    if (isNewLast) this.#end = await this.#resume(last);
    this.#seen = now;
    const segments = new SegmentList();
    for (const { segment } of now) segments.add(segment);
    this.#segments = segments;
    const logStart = Math.max(start, now[0]?.segment.baseOffset ?? 0);
    this.#offsets = offsetsFrom(logStart, last === undefined ? NOTHING : this.#end);
    for (const { segment } of before) if (!kept.has(segment)) void retire(segment);
    return true;
  }

  /** Notes the batches of the last segment, from its index files on. */
  async #resume(last: SeenSegment): Promise<LogPosition> {
    const { segment } = last;
    this.#lastBatch = null;
    const { disk, slices } = this.context;
    const { indexIntervalBytes } = this.settings;
    const found = indexesFromFiles(await readIndexFiles(disk, segment), last.size);
    const entries = found?.offsets.count ?? 0;
    // The batches from the last entry on are read whole, with their checksums.
    const trusted = entries === 0 ? 0 : found!.offsets.positionAt(entries - 1);
    const noted = NotedBatches.none(segment.baseOffset);
    const known = found && indexesFromFiles(await readIndexFiles(disk, segment), trusted);
    const resumed = await resumeInSlices(
      segment,
      noted,
      known,
      trusted,
      indexIntervalBytes,
      slices,
    );
    const isRight = resumed.reached === trusted;
    const notes = isRight ? noted : NotedBatches.none(segment.baseOffset);
    segment.takeOver(notes);
    segment.written(notes.size);
    const from = isRight ? resumed.nextOffset : segment.baseOffset;
    return this.#scan(last, from);
  }

  /** Takes in what was appended to the last segment. Returns whether that is anything. */
  async #grow(): Promise<boolean> {
    const last = this.#seen.at(-1);
    if (last === undefined) return false;
    const found = await this.context.disk.stat(last.path);
    if (found?.fileId !== last.fileId) {
      this.doubt();
      return false;
    }
    if (this.#writes.isSettled(found.modifiedMs)) return false;
    const { size } = found;
    if (
      size < last.segment.noted.size ||
      this.#stuck > LIMITS.readOnlyTornLooksMax ||
      !(await this.#isAsNoted(last))
    ) {
      // It was cut, and perhaps appended to since.
      this.#stuck = 0;
      this.#seen[this.#seen.length - 1] = { ...last, fileId: -1 };
      return this.#list();
    }
    if (size === last.segment.noted.size) return false;
    const seen = { ...last, size };
    this.#seen[this.#seen.length - 1] = seen;
    const before = this.#end.offset;
    this.#end = await this.#scan(seen, before);
    if (this.#end.offset === before) {
      this.#stuck += size === last.size ? 1 : 0;
      return false;
    }
    this.#stuck = 0;
    this.#offsets = offsetsFrom(this.#offsets.logStart, this.#end);
    return true;
  }

  /** Whether the last batch that was noted is still there: what is cut goes from the end on. */
  async #isAsNoted({ segment }: SeenSegment): Promise<boolean> {
    const batch = this.#lastBatch;
    if (batch === null) return true;
    const now = Buffer.alloc(batch.header.length);
    await segment.file.read(now, batch.position);
    return now.equals(batch.header);
  }

  /** Reads whole batches behind those that are noted; they are durable when it resolves. */
  async #scan({ segment, size }: SeenSegment, expectedOffset: number): Promise<LogPosition> {
    const { noted } = segment;
    const { indexIntervalBytes } = this.settings;
    let last: { bytes: Buffer; at: number; position: number } | null = null;
    const { end, endOffset } = await scanTail(
      segment.file,
      noted.size,
      size,
      expectedOffset,
      (bytes, at, expected) => continues(offsetOf(bytes, at), expected),
      (bytes, at, batchBytes) => {
        last = { bytes, at, position: noted.size };
        noted.note(bytes, at, batchBytes, indexIntervalBytes);
      },
    );
    this.#keepLast(last);
    await segment.file.datasync();
    segment.written(end);
    return { offset: endOffset, segmentBase: segment.baseOffset, position: end };
  }

  #keepLast(last: { bytes: Buffer; at: number; position: number } | null): void {
    if (last === null) return;
    const { bytes, at, position } = last;
    this.#lastBatch = { position, header: Buffer.from(bytes.subarray(at, at + HEADER_SIZE)) };
  }

  /** For messages. */
  get name(): string {
    return basename(this.folder);
  }
}

/** Whether a file of that size is what was seen: only the last one grows. */
function isAsSeen(known: SeenSegment, size: number, isLast: boolean): boolean {
  return isLast ? size >= known.size : size === known.size;
}

async function retire(segment: Segment): Promise<void> {
  segment.retire();
  await segment.file.forget();
}

/** A log whose records below `logStart` were deleted may have no others. */
function offsetsFrom(logStart: number, end: LogPosition): OffsetTracker {
  const isEmpty = end.offset <= logStart;
  const at = isEmpty ? { offset: logStart, segmentBase: logStart, position: 0 } : end;
  return new OffsetTracker(logStart, at, at);
}
