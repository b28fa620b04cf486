import type { Contents } from './flip-world.js';
import type { ReadPartition, ReadRecord } from './read-topic.js';

/** What became of a flip, from harmless to never. */
export interface Judgement {
  /**
   * Records served at another offset than theirs, after a flip outside of what a batch's checksum
   * covers; and after one of a base offset those that a client passes over, because their batch
   * says that they lie behind, or the one before that they lie elsewhere.
   */
  readonly untold: number;
  /** Partitions that answered an error instead of what the flip has damaged. */
  readonly refusedPartitions: number;
  /**
   * Never: what was lost without a word, served wrongly, or refused although the flip was
   * elsewhere.
   */
  readonly wrong: readonly string[];
}

/** What a flip has changed that no checksum covers: a base offset, or a length or epoch. */
export type Uncovered = 'base-offset' | 'other' | null;

/** Compares what is read after a flip in `path` with what was there before. */
export function judge(
  path: string,
  uncovered: Uncovered,
  before: Contents,
  after: Contents,
): Judgement {
  const wrong: string[] = [];
  let untold = 0;
  let refusedPartitions = 0;
  for (const [name, golden] of before.partitions) {
    const found = after.partitions.get(name)!;
    if (found.badBatches > 0 && !path.startsWith(`${name}/`)) {
      wrong.push(`${name}: bytes that match no checksum`);
    }
    if (found.errorCode !== 0) {
      refusedPartitions += 1;
      // An operator looks where the line in the log points, and that is where the damage is.
      if (!path.startsWith(`${name}/`)) wrong.push(`${name}: error ${found.errorCode}`);
    }
    const served = judgeRecords(name, uncovered, golden, found);
    untold += served.untold;
    wrong.push(...served.wrong);
  }
  const { commit } = after;
  if (commit.errorCode === 0 && commit.offset !== before.commit.offset) {
    wrong.push(`the commit is ${commit.offset} instead of ${before.commit.offset}`);
  } else if (commit.errorCode !== 0 && !path.startsWith('__consumer_offsets')) {
    wrong.push(`the commit: error ${commit.errorCode}`);
  }
  return { untold, refusedPartitions, wrong };
}

function judgeRecords(
  name: string,
  uncovered: Uncovered,
  golden: ReadPartition,
  found: ReadPartition,
) {
  const wrong: string[] = [];
  let untold = 0;
  const values = new Map(golden.records.map(({ offset, value }) => [offset, value]));
  const known = new Set(golden.records.map(({ value }) => value));
  const served = new Set<number>();
  for (const { offset, value } of found.records) {
    served.add(offset);
    if (values.get(offset) === value) continue;
    if (uncovered !== null && known.has(value)) untold += 1;
    else wrong.push(`${name}: offset ${offset} is ${value?.slice(0, 20)}`);
  }
  // Clients check what they are served: damaged records are theirs to refuse, and count as not
  // served.
  if (found.errorCode !== 0 || found.badBatches > 0) return { wrong, untold };
  if (found.startOffset !== golden.startOffset || found.endOffset !== golden.endOffset) {
    const { startOffset, endOffset } = golden;
    wrong.push(
      `${name}: ${found.startOffset} to ${found.endOffset} instead of ${startOffset} to ${endOffset}`,
    );
  }
  // A compaction that runs meanwhile may take what was overwritten.
  const lastOfKey = new Map(golden.records.map(({ key, offset }) => [key, offset]));
  const isWanted = ({ key, offset }: ReadRecord): boolean =>
    !name.startsWith('state') || lastOfKey.get(key) === offset;
  const lost = golden.records.filter((each) => isWanted(each) && !served.has(each.offset)).length;
  // Nothing is gone: start and end are where they were, and a scrub names the batch.
  if (lost > untold && uncovered === 'base-offset') untold = lost;
  else if (lost > untold) wrong.push(`${name}: ${lost} records are not served, without an error`);
  return { wrong, untold };
}
