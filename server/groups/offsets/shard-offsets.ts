import type { Clock, TurnSlices } from '../../../engine/index.js';
import type { Term } from '../../coordination/term.js';
import { SERVER_LIMITS } from '../../limits.js';
import type { Logger } from '../../logging/log.js';
import { unstore } from '../classic/leaving.js';
import type { GroupEntry } from '../group-entry.js';
import type { GroupEvents } from '../group-events.js';
import type { GroupRecord } from '../records.js';
import type { CommittedTopics } from './committed-topics.js';
import { expiredOffsets } from './offsets.js';
import { groupTombstone, Tombstones, tombstoneOf } from './tombstones.js';

export interface ShardOffsetsOptions {
  readonly term: Term<GroupRecord>;
  readonly topic: string;
  readonly events: GroupEvents;
  readonly committed: CommittedTopics;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly slices: TurnSlices;
  /** Called when a group has offsets of a deleted topic of that name. */
  onStale(topic: string): void;
}

/** The committed offsets of a shard's groups: written, and forgotten. */
export class ShardOffsets {
  readonly tombstones: Tombstones;
  readonly #options: ShardOffsetsOptions;

  constructor(options: ShardOffsetsOptions) {
    this.#options = options;
    this.tombstones = new Tombstones(options);
  }

  /** Resolves when every write of the group so far was answered, well or not. */
  settled(group: string): Promise<void> {
    return this.#options.term.settled(group);
  }

  /**
   * Writes records of a group's offsets, and takes those into memory that all in-sync replicas have
   * when they have them; also when that is after the answer, which is then REQUEST_TIMED_OUT, and
   * when only some were taken. Settles as `Term.write`.
   */
  async write(
    entry: GroupEntry,
    records: readonly GroupRecord[] | Promise<readonly GroupRecord[]>,
  ): Promise<void> {
    const { term, events, clock, onStale } = this.#options;
    const { offsets } = entry;
    offsets.writeBegins();
    const apply = (written: readonly GroupRecord[]): Promise<void> => this.#apply(entry, written);
    await term.write(entry.id, records, clock.wallMs(), apply, () => {
      for (const topic of offsets.writeEnds()) onStale(topic);
      events.settle(entry);
    });
  }

  async #apply(entry: GroupEntry, records: readonly GroupRecord[]): Promise<void> {
    const { committed, slices, events, onStale } = this.#options;
    const { offsets } = entry;
    const work = slices.begin();
    for (const record of records) {
      if (record.kind === 'group') {
        if (record.value === null) events.runQuietly(entry, unstore);
        continue;
      }
      const { topic, partition, value } = record;
      if (value === null) offsets.delete(topic, partition);
      else {
        offsets.set(topic, partition, value);
        // The topic may have been deleted while this was written.
        if (committed.idOf(topic) !== value.topicId) onStale(topic);
      }
      const pause = work.did(1);
      if (pause !== null) await pause;
    }
  }

  /**
   * Writes tombstones for all offsets of a group, and for the group. Resolves when they are in the
   * log, and nothing of the group is in memory.
   */
  async deleteAll(entry: GroupEntry): Promise<void> {
    const { slices, events } = this.#options;
    await this.settled(entry.id);
    const work = slices.begin();
    const records: GroupRecord[] = [];
    for (const offset of entry.offsets.stored()) {
      records.push(tombstoneOf(entry.id, offset));
      const pause = work.did(1);
      if (pause !== null) await pause;
    }
    if (entry.group.isStored) records.push(groupTombstone(entry.id));
    await this.write(entry, records);
    events.forget(entry);
  }

  /**
   * Forgets the expired offsets of a group, and a group without members with its last offset. It
   * adds the tombstones.
   *
   * @param read topics that members read; null where that is not known
   */
  forgetExpired(entry: GroupEntry, read: ReadonlySet<string> | null, retentionMs: number): void {
    const { events, clock } = this.#options;
    const { id, group, offsets } = entry;
    // What is being written is in use, and has its place in front of a tombstone; the next round
    // sees it.
    if (offsets.isWriting || group.writing !== null) return;
    for (const { topic, partition } of expiredOffsets(
      group,
      offsets,
      read,
      clock.wallMs(),
      retentionMs,
    )) {
      offsets.delete(topic, partition);
      this.tombstones.add(tombstoneOf(id, { topic, partition }));
    }
    if (group.state !== 'Empty' || group.pending.size > 0 || offsets.count > 0) return;
    if (events.runQuietly(entry, unstore)) this.tombstones.add(groupTombstone(id));
    events.settle(entry);
  }

  /**
   * Forgets offsets of a group whose topic was deleted, as many as go into a turn. Returns how
   * many. The tombstones are added. While offsets of the group are being written none are
   * forgotten: one of the new topic may have its place already, and the tombstone would come behind
   * it. The topic is looked at again then.
   */
  forgetStale({ id, offsets }: GroupEntry, topic: string): number {
    const taken: number[] = [];
    if (offsets.isWriting) {
      offsets.isStaleAfterWrite(topic);
      return 0;
    }
    for (const partition of offsets.staleOf(topic)) {
      if (taken.length === SERVER_LIMITS.tombstonesAtOnce) break;
      taken.push(partition);
    }
    for (const partition of taken) {
      offsets.delete(topic, partition);
      this.tombstones.add(tombstoneOf(id, { topic, partition }));
    }
    return taken.length;
  }
}
