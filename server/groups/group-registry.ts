import type { Clock } from '../../engine/index.js';
import { SERVER_LIMITS, type ServerLimits } from '../limits.js';
import { ZERO_UUID } from '../protocol/schema.js';
import { newGroup } from './classic/group.js';
import { loadedGroup } from './classic/stored-group.js';
import { type GroupEntry, newEntry } from './group-entry.js';
import { GroupTotals } from './group-totals.js';
import { CommittedTopics, type TopicNames } from './offsets/committed-topics.js';
import type { GroupRecord, OffsetValue } from './records.js';

/** The bounds of all groups of a broker together. */
export type GroupLimits = Pick<
  ServerLimits,
  'groupsMax' | 'memberBytesMax' | 'groupOffsetsMax' | 'offsetsMax'
>;

export interface GroupRegistryOptions {
  readonly metadata: TopicNames;
  /** The totals of the broker, which include the groups of the registry. */
  readonly totals: GroupTotals;
  readonly limits: GroupLimits;
  readonly clock: Clock;
}

/** The groups of one shard, in memory, and what they count for. */
export class GroupRegistry {
  /** The groups that have offsets of a topic. */
  readonly committed: CommittedTopics;
  readonly #options: GroupRegistryOptions;
  readonly #totals: GroupTotals;
  readonly #entries = new Map<string, GroupEntry>();

  constructor(options: GroupRegistryOptions) {
    this.#options = options;
    this.#totals = new GroupTotals(options.totals);
    this.committed = new CommittedTopics(options.metadata, this.#totals);
  }

  /** Whether the broker takes no new group. */
  get isFull(): boolean {
    return this.#options.totals.groups >= this.#options.limits.groupsMax;
  }

  /** Whether members of the broker may take `bytes` bytes more. */
  hasRoomFor(bytes: number): boolean {
    const { totals, limits } = this.#options;
    return totals.memberBytes + bytes <= limits.memberBytesMax;
  }

  /** Whether a group with `count` offsets, and the broker, may have another one. */
  hasRoomForOffset(count: number): boolean {
    const { totals, limits } = this.#options;
    return count < limits.groupOffsetsMax && totals.offsets < limits.offsetsMax;
  }

  /**
   * Every group, live: the walk meets groups that come during it, and not those that are removed.
   */
  all(): Iterable<GroupEntry> {
    return this.#entries.values();
  }

  find(id: string): GroupEntry | undefined {
    return this.#entries.get(id);
  }

  /** The group of this id, new if need be. */
  findOrAdd(id: string): GroupEntry {
    const present = this.#entries.get(id);
    if (present !== undefined) return present;
    const entry = newEntry(id, this.committed);
    this.#entries.set(id, entry);
    this.#totals.add('groups', 1);
    return entry;
  }

  /** Removes a group from memory. */
  remove(entry: GroupEntry): void {
    if (this.#entries.get(entry.id) !== entry) return;
    this.#entries.delete(entry.id);
    this.#totals.add('groups', -1);
  }

  /** Takes in a record of the log. */
  replay(record: GroupRecord): void {
    const entry = this.findOrAdd(record.group);
    if (record.kind === 'offset') {
      const { topic, partition, value } = record;
      if (value === null) entry.offsets.delete(topic, partition);
      else entry.offsets.set(topic, partition, this.#withTopic(topic, value));
    } else if (record.value === null) {
      entry.group = newGroup(record.group);
    } else {
      const nowMs = this.#options.clock.monotonicMs();
      entry.group = loadedGroup(record.group, record.value, nowMs);
    }
    this.account(entry);
  }

  /** A record without a topic id means the topic of that name. */
  #withTopic(topic: string, value: OffsetValue): OffsetValue {
    const id = this.committed.idOf(topic);
    if (id === undefined) return value;
    // One string for all offsets of a topic, not one for each record.
    return value.topicId === ZERO_UUID || value.topicId === id ? { ...value, topicId: id } : value;
  }

  /** Counts the bytes of a group's members again, after members have come, changed or left. */
  account(entry: GroupEntry): void {
    const { tally, members, pending } = entry.group;
    const { memberBytes, pendingMemberBytes } = SERVER_LIMITS;
    const bytes = tally.bytes + members.size * memberBytes + pending.size * pendingMemberBytes;
    if (bytes === entry.memberBytes) return;
    this.#totals.add('memberBytes', bytes - entry.memberBytes);
    entry.memberBytes = bytes;
  }

  /** Takes the groups out of the broker's totals. */
  giveBack(): void {
    this.#totals.giveBack();
  }
}
