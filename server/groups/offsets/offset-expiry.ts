import type { Clock, Timer, TurnSlices, Work } from '../../../engine/index.js';
import { SERVER_LIMITS } from '../../limits.js';
import { subscribedTopics } from '../classic/subscription.js';
import type { GroupEntry } from '../group-entry.js';
import type { GroupShard } from '../group-shard.js';
import { expiredOffsets } from './offsets.js';

export interface OffsetExpiryOptions {
  /** The shards that lead at the moment when a pass comes to them. */
  readonly shards: () => Iterable<GroupShard>;
  readonly clock: Clock;
  readonly slices: TurnSlices;
  readonly retentionMs: number;
  readonly checkIntervalMs: number;
}

/** Deletes expired committed offsets, pass by pass, until stopped. */
export class OffsetExpiry {
  readonly #options: OffsetExpiryOptions;
  #timer: Timer | null = null;
  #isStopped = false;
  #isRunning = false;
  #isDue = false;

  constructor(options: OffsetExpiryOptions) {
    this.#options = options;
  }

  /** The first pass is an interval from now. */
  start(): void {
    const { clock, checkIntervalMs } = this.#options;
    this.#timer = clock.schedule(checkIntervalMs, () => {
      this.start();
      return this.#run();
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** One pass at a time: a pass that is due meanwhile follows it. */
  async #run(): Promise<void> {
    this.#isDue = true;
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      while (this.#isDue && !this.#isStopped) {
        this.#isDue = false;
        const work = this.#options.slices.begin();
        for (const shard of this.#options.shards()) await this.#pass(shard, work);
      }
    } finally {
      this.#isRunning = false;
    }
  }

  /** Deletes expired offsets of a shard, and an empty group with its last offset. */
  async #pass(shard: GroupShard, work: Work): Promise<void> {
    const { retentionMs } = this.#options;
    const { tombstones } = shard.offsets;
    for (const entry of shard.registry.all()) {
      if (this.#isStopped || shard.isOver) return;
      const { group, offsets } = entry;
      // A group without expired offsets makes no pause: tombstones of other groups may not be
      // written yet.
      if (group.state === 'Stable' && this.#isOld(entry)) await this.#passMembers(shard, entry);
      else if (group.state === 'Empty') shard.offsets.forgetExpired(entry, null, retentionMs);
      const pause = work.did(1 + Math.ceil(offsets.count / SERVER_LIMITS.offsetsPassedPerElement));
      if (pause === null && tombstones.count < SERVER_LIMITS.tombstonesAtOnce) continue;
      tombstones.flush();
      if (pause !== null) await pause;
    }
    tombstones.flush();
  }

  /** The members' topics are looked at only if an offset may have expired. */
  #isOld({ group, offsets }: GroupEntry): boolean {
    const { clock, retentionMs } = this.#options;
    return expiredOffsets(group, offsets, new Set(), clock.wallMs(), retentionMs).length > 0;
  }

  /** The same for one group that has members: they go on to read what they have subscribed to. */
  async #passMembers(shard: GroupShard, entry: GroupEntry): Promise<void> {
    const { slices, retentionMs } = this.#options;
    shard.offsets.tombstones.flush();
    const read = await subscribedTopics(entry.group, slices);
    if (shard.isOver) return;
    shard.offsets.forgetExpired(entry, read, retentionMs);
    shard.offsets.tombstones.flush();
  }
}
