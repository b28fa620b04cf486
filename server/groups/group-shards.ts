import { Shards, type ShardsOptions } from '../coordination/shards.js';
import { StateTopic, type StateTopicOptions } from '../coordination/state-topic.js';
import { ApiError } from '../protocol/api-error.js';
import type { GroupSettings } from '../settings/broker-settings.js';
import { GroupShard, type GroupShardOptions } from './group-shard.js';
import { MemberRequests } from './member-requests.js';
import { GROUP_CODEC, OFFSETS_TOPIC } from './offsets-topic.js';
import type { GroupRecord } from './records.js';
import { writeError } from './write-error.js';

/** The groups of a broker, by partition of the offsets topic. */
export type GroupShards = Shards<GroupRecord, GroupShard>;

export interface GroupShardsOptions
  extends Pick<StateTopicOptions<GroupRecord>, 'controller' | 'partitions'>,
    Pick<ShardsOptions<GroupRecord, GroupShard>, 'metadata' | 'nodeId' | 'dataDir'>,
    Omit<GroupShardOptions, 'term' | 'topic' | 'rules' | 'requests' | 'metadata'> {
  readonly settings: GroupSettings;
}

/** The shards of the offsets topic, which is created on first need. The caller starts them. */
export function openGroupShards(options: GroupShardsOptions): GroupShards {
  const { settings, slices } = options;
  const topic = new StateTopic<GroupRecord>({
    ...options,
    name: OFFSETS_TOPIC,
    codec: GROUP_CODEC,
    partitionCount: settings.offsetsTopicPartitions,
    replicationFactor: settings.offsetsTopicReplicationFactor,
    segmentBytes: settings.offsetsTopicSegmentBytes,
  });
  const shared = {
    ...options,
    topic: OFFSETS_TOPIC,
    requests: new MemberRequests(slices),
    rules: {
      sessionTimeoutMinMs: settings.sessionTimeoutMinMs,
      sessionTimeoutMaxMs: settings.sessionTimeoutMaxMs,
      membersMax: settings.membersMax,
      initialDelayMs: settings.initialRebalanceDelayMs,
    },
  };
  return new Shards({
    ...options,
    topic,
    writeTimeoutMs: settings.offsetsCommitTimeoutMs,
    holds: 'groups',
    open: (term) => new GroupShard({ ...shared, term }),
  });
}

/**
 * The shard of a group that may be new. Rejects with ApiError: as the shards do, and where the
 * topic cannot be created as a write of the group would.
 */
export async function shardOfNew(shards: GroupShards, groupId: string): Promise<GroupShard> {
  try {
    return await shards.findOrCreate(groupId);
  } catch (error) {
    const code = writeError(error, 'UNKNOWN_SERVER_ERROR');
    throw new ApiError(code, 'the group has no shard that serves');
  }
}
