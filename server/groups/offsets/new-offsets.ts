import type { TurnSlices } from '../../../engine/index.js';
import type { ErrorName } from '../../protocol/error-codes.js';
import { ZERO_UUID } from '../../protocol/schema.js';
import type { GroupEntry } from '../group-entry.js';
import type { GroupRegistry } from '../group-registry.js';
import type { GroupRecord, OffsetValue } from '../records.js';
import type { TopicNames } from './committed-topics.js';

/** A partition's offset as a client commits it. */
export interface NewOffset {
  readonly partitionIndex: number;
  readonly committedOffset: number;
  /** -1 if the client does not send it. */
  readonly committedLeaderEpoch: number;
  readonly committedMetadata: string | null;
}

/** The offsets that a client commits for a topic. */
export interface NewOffsets {
  readonly name: string;
  readonly partitions: readonly NewOffset[];
}

/** Bytes that a string of a record can hold, whatever the setting allows. */
const STRING_BYTES_MAX = 32_767;

export interface CommitRules {
  readonly metadata: TopicNames;
  readonly slices: TurnSlices;
  /** Characters, inclusive. */
  readonly metadataLengthMax: number;
}

/** The time of a commit, and the time at which it expires. */
export type CommitTimes = Pick<OffsetValue, 'commitTimestamp' | 'expireTimestamp'>;

/**
 * The records of a commit, with pauses; `errors` gets the error of each of its offsets. A replaced
 * offset of a deleted topic is forgotten at once.
 */
export async function recordsOfCommit(
  rules: CommitRules,
  registry: GroupRegistry,
  { id: group, offsets: present }: GroupEntry,
  topics: readonly NewOffsets[],
  times: CommitTimes,
  errors: ErrorName[],
): Promise<GroupRecord[]> {
  const work = rules.slices.begin();
  const records: GroupRecord[] = [];
  for (const { name: topic, partitions } of topics) {
    const beside = work.did(1);
    if (beside !== null) await beside;
    for (const offset of partitions) {
      const { partitionIndex: partition } = offset;
      const isKnown = present.get(topic, partition) !== undefined;
      const hasRoom = isKnown || registry.hasRoomForOffset(present.count + records.length);
      const problem = problemOf(rules, topic, offset, hasRoom);
      errors.push(problem);
      if (problem === 'NONE') {
        present.deleteStale(topic, partition);
        const value: OffsetValue = {
          offset: offset.committedOffset,
          leaderEpoch: offset.committedLeaderEpoch,
          metadata: offset.committedMetadata ?? '',
          ...times,
          topicId: registry.committed.idOf(topic) ?? ZERO_UUID,
        };
        records.push({ kind: 'offset', group, topic, partition, value });
      }
      const pause = work.did(1);
      if (pause !== null) await pause;
    }
  }
  return records;
}

function problemOf(
  { metadata, metadataLengthMax }: CommitRules,
  topic: string,
  { partitionIndex: partition, committedOffset: offset, committedMetadata }: NewOffset,
  hasRoom: boolean,
): ErrorName {
  const partitions = metadata.image.topic(topic)?.partitions;
  if (partitions?.[partition] === undefined) return 'UNKNOWN_TOPIC_OR_PARTITION';
  if (!hasRoom) return 'POLICY_VIOLATION';
  const text = committedMetadata ?? '';
  const isTooLarge = text.length > metadataLengthMax || Buffer.byteLength(text) > STRING_BYTES_MAX;
  if (isTooLarge) return 'OFFSET_METADATA_TOO_LARGE';
  // The reader clamps an offset that a number does not hold exactly; to store it would be to change
  // it.
  if (Math.abs(offset) >= Number.MAX_SAFE_INTEGER) return 'INVALID_COMMIT_OFFSET_SIZE';
  return 'NONE';
}

/**
 * The time at which an offset expires that is committed now; -1 for the broker's own retention. A
 * retention beyond the range of the record's field counts as infinite.
 */
export function expiryOf(nowMs: number, retentionMs: number): number {
  return retentionMs < 0 ? -1 : Math.min(nowMs + retentionMs, Number.MAX_SAFE_INTEGER);
}
