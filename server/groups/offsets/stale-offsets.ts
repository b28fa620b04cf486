import type { TurnSlices } from '../../../engine/index.js';
import { SERVER_LIMITS } from '../../limits.js';
import type { GroupEntry } from '../group-entry.js';
import type { GroupRegistry } from '../group-registry.js';
import type { CommittedTopics } from './committed-topics.js';
import type { Tombstones } from './tombstones.js';

export interface StaleOffsetsOptions {
  readonly groups: GroupRegistry;
  readonly committed: CommittedTopics;
  readonly tombstones: Tombstones;
  readonly slices: TurnSlices;
}

/**
 * Forgets the offsets of topics that were deleted, topic by topic and a few in each turn. They are
 * not given to anybody from the moment of the deletion; only memory and the log still have them.
 */
export class StaleOffsets {
  readonly #options: StaleOffsetsOptions;
  readonly #topics = new Set<string>();
  #isRunning = false;
  #isStopped = false;

  constructor(options: StaleOffsetsOptions) {
    this.#options = options;
  }

  /** A topic of that name was deleted. */
  add(topic: string): void {
    this.#topics.add(topic);
    if (!this.#isRunning) void this.#run();
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (const topic of this.#topics) {
      // One that is deleted again meanwhile is looked at again.
      this.#topics.delete(topic);
      await this.#forget(topic);
      if (this.#isStopped) break;
    }
    this.#isRunning = false;
  }

  async #forget(topic: string): Promise<void> {
    const { groups, committed, tombstones, slices } = this.#options;
    const work = slices.begin();
    for (const id of committed.groupsOf(topic)) {
      const entry = groups.peek(id);
      let isDone = false;
      do {
        const taken = entry === undefined ? 0 : this.#take(entry, topic);
        isDone = taken < SERVER_LIMITS.tombstonesAtOnce;
        const pause = work.did(1 + taken);
        if (pause === null && isDone && tombstones.count < SERVER_LIMITS.tombstonesAtOnce) continue;
        tombstones.flush();
        if (pause !== null) await pause;
        if (this.#isStopped) return;
      } while (!isDone);
      if (entry !== undefined) groups.forgetIfUnused(entry);
    }
    tombstones.flush();
  }

  /** Takes as many offsets of one group as go into a turn. Returns how many. */
  #take(entry: GroupEntry, topic: string): number {
    const { tombstones } = this.#options;
    const taken: number[] = [];
    for (const partition of entry.offsets.staleOf(topic)) {
      if (taken.length === SERVER_LIMITS.tombstonesAtOnce) break;
      taken.push(partition);
    }
    for (const partition of taken) {
      entry.offsets.delete(topic, partition);
      tombstones.add({ kind: 'offset', group: entry.id, topic, partition, value: null });
    }
    return taken.length;
  }
}
