import type { Group } from '../classic/group.js';
import type { OffsetValue } from '../records.js';
import type { CommittedTopics } from './committed-topics.js';

/** One partition's committed offset. */
export interface CommittedOffset {
  readonly topic: string;
  readonly partition: number;
  readonly value: OffsetValue;
}

/**
 * The committed offsets of one group, in memory. Offsets of a deleted topic are not given to
 * clients any more, even if a new topic has its name, and stay until they are forgotten.
 */
export class GroupOffsets {
  readonly #group: string;
  readonly #committed: CommittedTopics;
  readonly #topics = new Map<string, Map<number, OffsetValue>>();
  #count = 0;
  #writing = 0;
  #staleAfterWrite: Set<string> | null = null;

  constructor(group: string, committed: CommittedTopics) {
    this.#group = group;
    this.#committed = committed;
  }

  /** Partitions with an offset, those of deleted topics included. */
  get count(): number {
    return this.#count;
  }

  /** Whether writes of its offsets are under way. */
  get isWriting(): boolean {
    return this.#writing > 0;
  }

  /** Whether there are offsets, or may be soon. */
  get isUsed(): boolean {
    return this.#count > 0 || this.isWriting;
  }

  /** Notes that a write of its offsets is under way, until `writeEnds`. */
  writeBegins(): void {
    this.#writing += 1;
  }

  /** Topics to look at for offsets that are stale, now that nothing is being written. */
  writeEnds(): Iterable<string> {
    this.#writing -= 1;
    if (this.isWriting || this.#staleAfterWrite === null) return [];
    const topics = this.#staleAfterWrite;
    this.#staleAfterWrite = null;
    return topics;
  }

  /** Offsets of a deleted topic of that name are to be looked for when nothing is being written. */
  isStaleAfterWrite(topic: string): void {
    this.#staleAfterWrite ??= new Set();
    this.#staleAfterWrite.add(topic);
  }

  get(topic: string, partition: number): OffsetValue | undefined {
    const value = this.#topics.get(topic)?.get(partition);
    return value?.topicId === this.#committed.idOf(topic) ? value : undefined;
  }

  set(topic: string, partition: number, value: OffsetValue): void {
    let partitions = this.#topics.get(topic);
    if (partitions === undefined) {
      partitions = new Map();
      this.#topics.set(topic, partitions);
      this.#committed.add(topic, this.#group);
    }
    if (!partitions.has(partition)) this.#grow(1);
    partitions.set(partition, value);
  }

  delete(topic: string, partition: number): void {
    const partitions = this.#topics.get(topic);
    if (partitions === undefined || !partitions.delete(partition)) return;
    this.#grow(-1);
    if (partitions.size > 0) return;
    this.#topics.delete(topic);
    this.#committed.remove(topic, this.#group);
  }

  /** Forgets an offset of a deleted topic of that name: a new commit takes its place in the log. */
  deleteStale(topic: string, partition: number): void {
    if (this.get(topic, partition) === undefined) this.delete(topic, partition);
  }

  #grow(by: number): void {
    this.#count += by;
    this.#committed.countBy(by);
  }

  *ofTopic(topic: string): Iterable<CommittedOffset> {
    const id = this.#committed.idOf(topic);
    for (const [partition, value] of this.#topics.get(topic) ?? []) {
      if (value.topicId === id) yield { topic, partition, value };
    }
  }

  /** Partitions whose offset belongs to a deleted topic of that name. */
  *staleOf(topic: string): Iterable<number> {
    const id = this.#committed.idOf(topic);
    for (const [partition, { topicId }] of this.#topics.get(topic) ?? []) {
      if (topicId !== id) yield partition;
    }
  }

  *all(): Iterable<CommittedOffset> {
    for (const topic of this.#topics.keys()) yield* this.ofTopic(topic);
  }

  /** Every offset that the log has, those of deleted topics included. */
  *stored(): Iterable<CommittedOffset> {
    for (const [topic, partitions] of this.#topics) {
      for (const [partition, value] of partitions) yield { topic, partition, value };
    }
  }
}

/**
 * The expired offsets (KIP-211). An offset ages while no member reads on from it: since the group
 * became empty, or since the commit if that was later; in a stable group of consumers, since the
 * commit, for topics that no member reads. While a group rebalances, and where its members' topics
 * are unknown, no offset ages. An offset with its own expiry time expires at that time.
 *
 * @param read topics that members read; null where that is not known
 * @param nowMs wall time
 */
export function expiredOffsets(
  group: Group,
  offsets: GroupOffsets,
  read: ReadonlySet<string> | null,
  nowMs: number,
  retentionMs: number,
): CommittedOffset[] {
  const isEmpty = group.state === 'Empty';
  if (!isEmpty && (group.state !== 'Stable' || read === null)) return [];
  const expired: CommittedOffset[] = [];
  for (const offset of offsets.all()) {
    if (!isEmpty && read?.has(offset.topic)) continue;
    const { commitTimestamp, expireTimestamp } = offset.value;
    const sinceMs = isEmpty ? Math.max(group.stateSinceMs, commitTimestamp) : commitTimestamp;
    const endMs = expireTimestamp === -1 ? sinceMs + retentionMs : expireTimestamp;
    if (nowMs >= endMs) expired.push(offset);
  }
  return expired;
}
