/** The facts about a folder, and about the partition that is to be served from it. */
export interface FolderEvidence {
  /**
   * The topic id of the partition that is served under the folder's name; null where there is none.
   */
  readonly expected: string | null;
  /** The topic id in `partition.metadata`; null where the file is missing or unreadable. */
  readonly found: string | null;
  /** Whether the catalog has records of the expected id and this partition: it has had files. */
  readonly hasExpected: boolean;
  /** Whether the found id is another topic's, by the catalog or by the broker's metadata. */
  readonly isFoundKnown: boolean;
  /** Whether the found id is that of a deletion under way. */
  readonly isFoundLeaving: boolean;
  /** Whether a partition of this name is being deleted, whatever its id. */
  readonly isNameLeaving: boolean;
}

/**
 * - `ours`: the partition is served from it
 * - `renamed`: the partition is served from it, and `partition.metadata` is written again: that
 *   file has no checksum, and the folder's name and the catalog are trusted more
 * - `leaving`: the partition's deletion goes on
 * - `stray`: it belongs to no served partition, and is set aside
 * - `disputed`: its owner is unknown; it stays, and the partition is not served
 */
export type FolderOwner = 'ours' | 'renamed' | 'leaving' | 'stray' | 'disputed';

/**
 * The owner of a live folder. The data of a topic that is known by name is never set aside, unless
 * the id in it belongs to another known topic: an unknown id may be a flipped bit.
 *
 * | id in the folder | the catalog knows the expected log | it does not |
 * | --- | --- | --- |
 * | the expected one | ours | ours |
 * | one that is being deleted | leaving | leaving |
 * | another known topic's | stray | stray |
 * | an unknown one | renamed | disputed |
 * | none | renamed | renamed; disputed while the name is being deleted |
 */
export function judgeFolder(evidence: FolderEvidence): FolderOwner {
  const { expected, found } = evidence;
  if (expected !== null && found === expected) return 'ours';
  if (evidence.isFoundLeaving) return 'leaving';
  if (expected === null || evidence.isFoundKnown) return 'stray';
  if (evidence.hasExpected) return 'renamed';
  return found === null && !evidence.isNameLeaving ? 'renamed' : 'disputed';
}
