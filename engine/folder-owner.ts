/** What is known of a folder, and of the partition that is to be served from it. */
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
 * - `renamed`: so it is, and `partition.metadata` is written again: the file has no checksum, and
 *   folder and catalog know better
 * - `leaving`: its deletion goes on
 * - `stray`: of no partition that is served; it is set aside
 * - `disputed`: nobody can tell; it stays, and the partition is not served
 */
export type FolderOwner = 'ours' | 'renamed' | 'leaving' | 'stray' | 'disputed';

/**
 * Whose a live folder is. The data of a topic that is known by name is never set aside, unless the
 * id in it is really another topic's: an id that nobody knows may be a flipped bit.
 *
 * | id in the folder | the catalog knows the expected log | it does not |
 * | --- | --- | --- |
 * | the expected one | ours | ours |
 * | one that is being deleted | leaving | leaving |
 * | another known topic's | stray | stray |
 * | one that nobody knows | renamed | disputed |
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
