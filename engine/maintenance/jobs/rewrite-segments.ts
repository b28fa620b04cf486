import { join } from 'node:path';
import {
  baseOffset,
  deleteHorizonOf,
  isControl,
  lastOffset,
  producerId,
  recordCount,
} from '../../batch/header.js';
import { segmentFileName } from '../../disk/file-names.js';
import { LIMITS } from '../../limits.js';
import { type FilteredBatch, filterBatch } from '../filter-batch.js';
import type { Jobs, RewriteOutput } from '../job-runner.js';
import { KeyMap } from '../key-map.js';
import { Pacer } from '../pacer.js';
import { BadBatchFound, blamedOn, type ReadBatch, readBatches } from './batch-reader.js';
import type { JobWorld } from './job-world.js';
import { SegmentOutput } from './segment-output.js';

type Input = Jobs['rewriteSegments']['input'];

/**
 * Writes the records that stay, as `Jobs.rewriteSegments` says. A record stays when it is the last
 * of its key that the map knows, or lies behind the offsets that the map covers. A tombstone stays
 * until the time that its batch names; a batch is given that time when it is first rewritten
 * (KIP-534). Control batches stay. A batch that loses all records is kept as a header when it holds
 * a producer's last sequence, or ends the last segment: so segments follow one another without a
 * gap.
 */
export async function rewriteSegments(
  { disk, clock }: JobWorld,
  input: Input,
): Promise<RewriteOutput> {
  const pacer = new Pacer(clock, input.bytesPerSecond, input.stop);
  const first = input.sources[0]!;
  const last = input.sources.at(-1)!;
  const name = (kind: 'log' | 'index' | 'timeindex'): string =>
    join(input.folder, segmentFileName(first.baseOffset, kind, 'cleaned'));
  const output = await SegmentOutput.create(disk, first.baseOffset, name, pacer);
  const judge = new Judge(input);
  let recordsBefore = 0;
  let recordsAfter = 0;
  let isChanged = input.sources.length > 1;
  let bad: RewriteOutput['bad'] = null;
  try {
    for (const source of input.sources) {
      for await (const batch of readBatches(disk, source, pacer)) {
        const isEnd = batch.isLast && source === last;
        const filtered = await judge.filter(batch, isEnd).catch((error: unknown) => {
          throw blamedOn(error, source, batch);
        });
        recordsBefore += filtered.recordsBefore;
        recordsAfter += filtered.recordsAfter;
        if (filtered.batch !== batch.bytes) isChanged = true;
        if (filtered.batch) await output.append(filtered.batch, input.indexIntervalBytes);
      }
    }
    if (isChanged) await output.finish(input.folder);
    else await output.discard();
  } catch (error) {
    await output.discard();
    if (!(error instanceof BadBatchFound)) throw error;
    bad = error.bad;
    isChanged = false;
  }
  return { bad, isChanged, recordsBefore, recordsAfter, ...output.facts() };
}

/**
 * Largest delete horizon, in 140,000 years: a later one could not be written together with every
 * timestamp.
 */
const HORIZON_MAX_MS = 2 ** 52;

function horizonAfter(nowMs: number, deleteRetentionMs: number): number | null {
  const horizonMs = nowMs + deleteRetentionMs;
  return horizonMs <= HORIZON_MAX_MS ? horizonMs : null;
}

class Judge {
  readonly #input: Input;
  readonly #map: KeyMap;
  /** Last offset of each producer's newest batch. */
  readonly #newest = new Map<number, number>();

  constructor(input: Input) {
    this.#input = input;
    this.#map = new KeyMap(input.map, input.loadFactor);
    const { producers } = input;
    for (let at = 0; at < producers.length; at += 2) {
      this.#newest.set(producers[at]!, producers[at + 1]!);
    }
  }

  async filter({ bytes }: ReadBatch, isEnd: boolean): Promise<FilteredBatch> {
    const { mapEndOffset, logStartOffset, nowMs, deleteRetentionMs } = this.#input;
    const count = recordCount(bytes);
    if (isControl(bytes) || baseOffset(bytes) >= mapEndOffset) {
      return { batch: bytes, recordsBefore: count, recordsAfter: count };
    }
    const horizonMs = deleteHorizonOf(bytes);
    const tombstonesGo = horizonMs !== null && nowMs >= horizonMs;
    return filterBatch(bytes, {
      retains: (key, offset, isTombstone) => {
        if (offset >= mapEndOffset) return true;
        // A record without a key cannot be the last of its key; the topic was not compacted when it
        // came.
        if (offset < logStartOffset || key === null) return false;
        if (isTombstone && tombstonesGo) return false;
        return this.#map.offsetOf(key) <= offset;
      },
      retainsEmpty: isEnd || this.#newest.get(producerId(bytes)) === lastOffset(bytes),
      deleteHorizonMs: horizonAfter(nowMs, deleteRetentionMs),
      unpackedBytesMax: LIMITS.decompressedBatchBytesMax,
    });
  }
}
