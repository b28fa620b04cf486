import type { Disk, DiskFile } from '../../disk/disk.js';
import { EngineError } from '../../errors.js';
import { LIMITS } from '../../limits.js';
import { NotedBatches } from '../../log/segments/noted-batches.js';
import type { RewriteOutput } from '../job-runner.js';
import type { Pacer } from '../pacer.js';

/** A position in an index is an int32. */
const SIZE_MAX = 2 ** 31 - 1;

type Kind = 'log' | 'index' | 'timeindex';

/**
 * A segment in the making: batches are gathered and written 1 MiB at a time, its indexes are built
 * as it grows.
 */
export class SegmentOutput {
  readonly #disk: Disk;
  readonly #name: (kind: Kind) => string;
  readonly #pacer: Pacer;
  readonly #file: DiskFile;
  /** Notes batches in the same way as the log does. */
  readonly #noted: NotedBatches;
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  #isOpen = true;

  private constructor(
    disk: Disk,
    baseOffset: number,
    name: (kind: Kind) => string,
    pacer: Pacer,
    file: DiskFile,
  ) {
    this.#disk = disk;
    this.#name = name;
    this.#pacer = pacer;
    this.#file = file;
    this.#noted = NotedBatches.none(baseOffset);
  }

  /** Removes what an earlier attempt has left under these names, and begins. */
  static async create(
    disk: Disk,
    baseOffset: number,
    name: (kind: Kind) => string,
    pacer: Pacer,
  ): Promise<SegmentOutput> {
    await removeAll(disk, name);
    const file = await disk.open(name('log'), 'create');
    return new SegmentOutput(disk, baseOffset, name, pacer, file);
  }

  /** Takes a batch; its bytes may change once this resolves. */
  async append(batch: Buffer, indexIntervalBytes: number): Promise<void> {
    if (this.#noted.size + batch.length > SIZE_MAX) {
      throw new EngineError('BATCH_TOO_LARGE', 'the compacted segment would be larger than 2 GiB');
    }
    this.#noted.note(batch, 0, batch.length, indexIntervalBytes);
    this.#gathered.push(Buffer.from(batch));
    this.#gatheredBytes += batch.length;
    if (this.#gatheredBytes >= LIMITS.jobWriteBytes) await this.#write();
  }

  async #write(): Promise<void> {
    const bytes = this.#gatheredBytes;
    if (bytes === 0) return;
    await this.#file.writev(this.#gathered, this.#noted.size - bytes);
    this.#gathered = [];
    this.#gatheredBytes = 0;
    await this.#file.datasync();
    await this.#pacer.spent(bytes);
  }

  /** When it resolves, all three files are durable, with their names. */
  async finish(folder: string): Promise<void> {
    await this.#write();
    await this.#file.datasync();
    await this.#close();
    this.#noted.closeTimeIndex();
    const { offsets, times } = this.#noted.indexes!;
    await this.#writeWhole('timeindex', times.encode());
    await this.#writeWhole('index', offsets.encode());
    await this.#disk.syncDirectory(folder);
  }

  async #writeWhole(kind: Kind, bytes: Buffer): Promise<void> {
    const file = await this.#disk.open(this.#name(kind), 'create');
    try {
      if (bytes.length > 0) await file.writev([bytes], 0);
      await file.datasync();
    } finally {
      await file.close();
    }
  }

  /**
   * Removes the output. Does not reject: the next attempt, or the next open, removes files that are
   * still there.
   */
  async discard(): Promise<void> {
    try {
      await this.#close();
      await removeAll(this.#disk, this.#name);
    } catch {
      // The error that led here is the one to report.
    }
  }

  async #close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    await this.#file.close();
  }

  facts(): Pick<
    RewriteOutput,
    'sizeBytes' | 'largestTimestampMs' | 'offsetOfLargest' | 'firstTimestampMs'
  > {
    const { size, largestTimestampMs, offsetOfLargest, firstTimestampMs } = this.#noted;
    return {
      sizeBytes: size,
      largestTimestampMs: largestTimestampMs ?? -1,
      offsetOfLargest,
      firstTimestampMs,
    };
  }
}

async function removeAll(disk: Disk, name: (kind: Kind) => string): Promise<void> {
  for (const kind of ['log', 'index', 'timeindex'] as const) {
    if (await disk.stat(name(kind))) await disk.unlink(name(kind));
  }
}
