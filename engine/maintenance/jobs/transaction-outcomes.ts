import {
  baseOffset,
  isControl,
  isTransactional,
  lastOffset,
  producerId,
} from '../../batch/header.js';
import { RecordCursor } from '../../batch/record-cursor.js';
import { decompressRecords } from '../../batch/records.js';
import type { Disk } from '../../disk/disk.js';
import { LIMITS } from '../../limits.js';
import type { SourceSegment } from '../job-runner.js';
import type { Pacer } from '../pacer.js';
import { blamedOn, readBatches } from './batch-reader.js';

interface Marker {
  readonly offset: number;
  readonly isCommit: boolean;
}

/** Bytes of a marker's key: version int16, type int16 (0 abort, 1 commit). */
const MARKER_KEY_BYTES = 4;
const COMMIT = 1;

/**
 * How the transactions within some segments ended. A batch says only that it belongs to a
 * transaction; the marker behind it says whether it was committed. The segments are read for
 * markers when the first batch of a transaction is met, and not before.
 */
export class TransactionOutcomes {
  readonly #disk: Disk;
  readonly #sources: readonly SourceSegment[];
  readonly #pacer: Pacer;
  #markers: Map<number, Marker[]> | null = null;

  constructor(disk: Disk, sources: readonly SourceSegment[], pacer: Pacer) {
    this.#disk = disk;
    this.#sources = sources;
    this.#pacer = pacer;
  }

  /**
   * How the batch's transaction ended; 'committed' for a batch that belongs to none, 'unknown'
   * where no marker follows in these segments.
   */
  async of(batch: Buffer): Promise<'committed' | 'aborted' | 'unknown'> {
    if (!isTransactional(batch) || isControl(batch)) return 'committed';
    const id = producerId(batch);
    const offset = baseOffset(batch);
    this.#markers ??= await this.#readMarkers();
    const marker = this.#markers.get(id)?.find((candidate) => candidate.offset > offset);
    if (!marker) return 'unknown';
    return marker.isCommit ? 'committed' : 'aborted';
  }

  async #readMarkers(): Promise<Map<number, Marker[]>> {
    const markers = new Map<number, Marker[]>();
    for (const source of this.#sources) {
      for await (const batch of readBatches(this.#disk, source, this.#pacer)) {
        const { bytes } = batch;
        if (!isControl(bytes) || producerId(bytes) < 0) continue;
        const isCommit = await readIsCommit(bytes).catch((error: unknown) => {
          throw blamedOn(error, source, batch);
        });
        const ofProducer = markers.get(producerId(bytes)) ?? [];
        ofProducer.push({ offset: lastOffset(bytes), isCommit });
        markers.set(producerId(bytes), ofProducer);
      }
    }
    return markers;
  }
}

async function readIsCommit(batch: Buffer): Promise<boolean> {
  const cursor = new RecordCursor(await decompressRecords(batch, LIMITS.markerBytesMax), batch);
  if (!cursor.next() || cursor.key === null || cursor.key.length < MARKER_KEY_BYTES) return false;
  return cursor.key.readInt16BE(2) === COMMIT;
}
