import type { Clock, TurnSlices } from '../../engine/index.js';
import type { ShardState } from '../coordination/shard-state.js';
import type { Term } from '../coordination/term.js';
import type { Logger } from '../logging/log.js';
import type { GroupRules } from './classic/group.js';
import type { RebalanceCalls } from './classic/rebalance-calls.js';
import { GroupEvents } from './group-events.js';
import { type GroupLimits, GroupRegistry } from './group-registry.js';
import type { GroupTotals } from './group-totals.js';
import type { MemberRequests } from './member-requests.js';
import type { TopicNames } from './offsets/committed-topics.js';
import { ShardOffsets } from './offsets/shard-offsets.js';
import type { GroupRecord } from './records.js';

export interface GroupShardOptions {
  readonly term: Term<GroupRecord>;
  /** The topic of the term, for log lines. */
  readonly topic: string;
  readonly metadata: TopicNames;
  /** The totals of all groups of the broker. */
  readonly totals: GroupTotals;
  readonly requests: MemberRequests;
  readonly calls: RebalanceCalls;
  readonly rules: GroupRules;
  readonly limits: GroupLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly slices: TurnSlices;
  /** Called when a group of the shard has offsets of a topic of that name that may be deleted. */
  onStale(shard: GroupShard, topic: string): void;
}

/** The groups of one partition of the offsets topic, with their committed offsets, for one term. */
export class GroupShard implements ShardState<GroupRecord> {
  readonly registry: GroupRegistry;
  readonly events: GroupEvents;
  readonly offsets: ShardOffsets;
  readonly #options: GroupShardOptions;

  constructor(options: GroupShardOptions) {
    this.#options = options;
    this.registry = new GroupRegistry(options);
    const { registry } = this;
    this.events = new GroupEvents({ ...options, registry });
    this.offsets = new ShardOffsets({
      ...options,
      events: this.events,
      committed: registry.committed,
      onStale: (topic) => options.onStale(this, topic),
    });
  }

  /** Whether the shard is not led any more, or is led in a later term. */
  get isOver(): boolean {
    return this.#options.term.isOver;
  }

  replay(record: GroupRecord): void {
    this.registry.replay(record);
  }

  async loaded(): Promise<void> {
    const { slices, onStale } = this.#options;
    const work = slices.begin();
    for (const entry of this.registry.all()) {
      this.events.settle(entry);
      const pause = work.did(1);
      if (pause !== null) await pause;
    }
    for (const topic of this.registry.committed.topics()) onStale(this, topic);
  }

  forget(): Promise<void> {
    this.registry.giveBack();
    return this.events.endAll();
  }
}
