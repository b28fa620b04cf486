import type { Group } from './group.js';
import type { OffsetValue } from './records.js';
import { subscribedTopics } from './subscription.js';

/** One partition's committed offset. */
export interface CommittedOffset {
  readonly topic: string;
  readonly partition: number;
  readonly value: OffsetValue;
}

/** The committed offsets of one group, in memory. */
export class GroupOffsets {
  readonly #topics = new Map<string, Map<number, OffsetValue>>();
  #count = 0;

  /** Partitions with an offset. */
  get count(): number {
    return this.#count;
  }

  get(topic: string, partition: number): OffsetValue | undefined {
    return this.#topics.get(topic)?.get(partition);
  }

  set(topic: string, partition: number, value: OffsetValue): void {
    let partitions = this.#topics.get(topic);
    if (partitions === undefined) {
      partitions = new Map();
      this.#topics.set(topic, partitions);
    }
    if (!partitions.has(partition)) this.#count += 1;
    partitions.set(partition, value);
  }

  delete(topic: string, partition: number): void {
    const partitions = this.#topics.get(topic);
    if (partitions === undefined || !partitions.delete(partition)) return;
    this.#count -= 1;
    if (partitions.size === 0) this.#topics.delete(topic);
  }

  topics(): Iterable<string> {
    return this.#topics.keys();
  }

  *ofTopic(topic: string): Iterable<CommittedOffset> {
    for (const [partition, value] of this.#topics.get(topic) ?? []) {
      yield { topic, partition, value };
    }
  }

  *all(): Iterable<CommittedOffset> {
    for (const topic of this.#topics.keys()) yield* this.ofTopic(topic);
  }
}

/**
 * The offsets whose time is over (KIP-211). They age while nobody reads on from them: since the group became empty, or since the
 * commit if that was later; in a stable group of consumers, since the commit, for topics that no member reads. While a group
 * rebalances, and where its members' topics are not known, nothing ages. An offset with an expiry of its own keeps to that.
 *
 * @param nowMs wall time
 */
export function expiredOffsets(
  group: Group,
  offsets: GroupOffsets,
  nowMs: number,
  retentionMs: number,
): CommittedOffset[] {
  const isEmpty = group.state === 'Empty';
  const read = group.state === 'Stable' ? subscribedTopics(group) : null;
  if (!isEmpty && read === null) return [];
  const expired: CommittedOffset[] = [];
  for (const offset of offsets.all()) {
    if (read?.has(offset.topic)) continue;
    const { commitTimestamp, expireTimestamp } = offset.value;
    const sinceMs = isEmpty ? Math.max(group.stateSinceMs, commitTimestamp) : commitTimestamp;
    const endMs = expireTimestamp === -1 ? sinceMs + retentionMs : expireTimestamp;
    if (nowMs >= endMs) expired.push(offset);
  }
  return expired;
}
