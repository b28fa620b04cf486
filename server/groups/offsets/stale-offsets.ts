import type { TurnSlices, Work } from '../../../engine/index.js';
import { SERVER_LIMITS } from '../../limits.js';
import type { GroupShard } from '../group-shard.js';

/**
 * Forgets the offsets of topics that were deleted, topic by topic and a few in each turn. From the
 * moment of the deletion no client is given them; only memory and the log still have them.
 */
export class StaleOffsets {
  readonly #slices: TurnSlices;
  /** Names of topics to look at, by the shard whose groups have offsets of them. */
  readonly #topics = new Map<GroupShard, Set<string>>();
  #isRunning = false;
  #isStopped = false;

  constructor(slices: TurnSlices) {
    this.#slices = slices;
  }

  /** A topic of that name was deleted, of which groups of the shard have offsets. */
  add(shard: GroupShard, topic: string): void {
    const topics = this.#topics.get(shard);
    if (topics === undefined) this.#topics.set(shard, new Set([topic]));
    else topics.add(topic);
    if (!this.#isRunning) void this.#run();
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    const work = this.#slices.begin();
    // These walks also meet topics that are added meanwhile, once more where they were met before.
    for (const [shard, topics] of this.#topics) {
      for (const topic of topics) {
        topics.delete(topic);
        await this.#forget(shard, topic, work);
        if (this.#isStopped) return;
      }
      this.#topics.delete(shard);
    }
    this.#isRunning = false;
  }

  async #forget(shard: GroupShard, topic: string, work: Work): Promise<void> {
    const { registry, events, offsets } = shard;
    const { tombstones } = offsets;
    for (const id of registry.committed.groupsOf(topic)) {
      const entry = registry.find(id);
      let isDone = false;
      do {
        const taken = entry === undefined ? 0 : offsets.forgetStale(entry, topic);
        isDone = taken < SERVER_LIMITS.tombstonesAtOnce;
        const pause = work.did(1 + taken);
        if (pause === null && isDone && tombstones.count < SERVER_LIMITS.tombstonesAtOnce) continue;
        tombstones.flush();
        if (pause !== null) await pause;
        if (this.#isStopped || shard.isOver) return;
      } while (!isDone);
      if (entry !== undefined) events.settle(entry);
    }
    tombstones.flush();
  }
}
