import { apiVersions } from './cluster/api-versions.js';
import { describeCluster } from './cluster/describe-cluster.js';
import { describeLogDirs } from './cluster/describe-log-dirs.js';
import { describeQuorum } from './cluster/describe-quorum.js';
import { describeUserScramCredentials } from './cluster/describe-user-scram-credentials.js';
import { alterConfigs, incrementalAlterConfigs } from './configs/alter-configs.js';
import { describeClientQuotas } from './configs/describe-client-quotas.js';
import { describeConfigs } from './configs/describe-configs.js';
import { listConfigResources } from './configs/list-config-resources.js';
import { deleteRecords } from './data/delete-records.js';
import { describeProducers } from './data/describe-producers.js';
import { fetchRecords } from './data/fetch.js';
import { initProducerId } from './data/init-producer-id.js';
import { listOffsets } from './data/list-offsets.js';
import { offsetForLeaderEpoch } from './data/offset-for-leader-epoch.js';
import { produce } from './data/produce.js';
import { deleteGroups } from './groups/delete-groups.js';
import { describeGroups } from './groups/describe-groups.js';
import { findCoordinator } from './groups/find-coordinator.js';
import { heartbeat } from './groups/heartbeat.js';
import { joinGroup } from './groups/join-group.js';
import { leaveGroup } from './groups/leave-group.js';
import { listGroups } from './groups/list-groups.js';
import { offsetCommit } from './groups/offset-commit.js';
import { offsetDelete } from './groups/offset-delete.js';
import { offsetFetch } from './groups/offset-fetch.js';
import { syncGroup } from './groups/sync-group.js';
import { createPartitions } from './topics/create-partitions.js';
import { createTopics } from './topics/create-topics.js';
import { deleteTopics } from './topics/delete-topics.js';
import { describeTopicPartitions } from './topics/describe-topic-partitions.js';
import { electLeaders } from './topics/elect-leaders.js';
import { listPartitionReassignments } from './topics/list-partition-reassignments.js';
import { metadata } from './topics/metadata.js';

/**
 * Every API that is served. To add one, write its messages file, its handler file, and its line
 * here.
 */
export const SERVED = [
  produce,
  fetchRecords,
  listOffsets,
  metadata,
  apiVersions,
  createTopics,
  deleteTopics,
  deleteRecords,
  initProducerId,
  offsetForLeaderEpoch,
  describeConfigs,
  alterConfigs,
  createPartitions,
  incrementalAlterConfigs,
  offsetCommit,
  offsetFetch,
  findCoordinator,
  joinGroup,
  heartbeat,
  leaveGroup,
  syncGroup,
  describeGroups,
  listGroups,
  describeLogDirs,
  deleteGroups,
  listPartitionReassignments,
  offsetDelete,
  describeCluster,
  electLeaders,
  describeQuorum,
  describeProducers,
  listConfigResources,
  describeTopicPartitions,
  describeClientQuotas,
  describeUserScramCredentials,
] as const;
