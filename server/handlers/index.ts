import type { DiskSpace } from '../../engine/index.js';
import type { GroupCoordinator } from '../groups/coordinator.js';
import type { Controller } from '../metadata/controller.js';
import { brokerLayers } from '../metadata/effective-settings.js';
import type { MetadataView } from '../metadata/metadata-view.js';
import type { ProducerIds } from '../metadata/producer-ids.js';
import type { DelayedOperations } from '../net/delayed.js';
import type { FetchSessions } from '../partition/fetch-sessions.js';
import type { Partitions } from '../partition/partitions.js';
import type { WaitKey } from '../partition/waiting.js';
import type { BrokerSettings } from '../settings/broker-settings.js';
import type { SettingTexts } from '../settings/topic-settings.js';
import { alterConfigsHandler, incrementalAlterConfigsHandler } from './alter-configs.js';
import { apiVersionsHandler } from './api-versions.js';
import { createPartitionsHandler } from './create-partitions.js';
import { createTopicsHandler } from './create-topics.js';
import { deleteGroupsHandler } from './delete-groups.js';
import { deleteRecordsHandler } from './delete-records.js';
import { deleteTopicsHandler } from './delete-topics.js';
import { describeClusterHandler } from './describe-cluster.js';
import { describeConfigsHandler } from './describe-configs.js';
import { describeGroupsHandler } from './describe-groups.js';
import { describeLogDirsHandler } from './describe-log-dirs.js';
import { describeProducersHandler } from './describe-producers.js';
import { describeQuorumHandler } from './describe-quorum.js';
import { electLeadersHandler } from './elect-leaders.js';
import { fetchHandler } from './fetch.js';
import { findCoordinatorHandler } from './find-coordinator.js';
import type { Handlers } from './handler.js';
import { heartbeatHandler } from './heartbeat.js';
import { initProducerIdHandler } from './init-producer-id.js';
import { joinGroupHandler } from './join-group.js';
import { leaveGroupHandler } from './leave-group.js';
import { listConfigResourcesHandler } from './list-config-resources.js';
import { listGroupsHandler } from './list-groups.js';
import { listOffsetsHandler } from './list-offsets.js';
import { listPartitionReassignmentsHandler } from './list-partition-reassignments.js';
import { metadataHandler } from './metadata.js';
import { offsetCommitHandler } from './offset-commit.js';
import { offsetDeleteHandler } from './offset-delete.js';
import { offsetFetchHandler } from './offset-fetch.js';
import { offsetForLeaderEpochHandler } from './offset-for-leader-epoch.js';
import { produceHandler } from './produce.js';
import { syncGroupHandler } from './sync-group.js';

/** The parts of a broker that handlers work with. */
export interface BrokerParts {
  readonly metadata: MetadataView;
  readonly controller: Controller;
  readonly partitions: Partitions;
  readonly producerIds: ProducerIds;
  readonly groups: GroupCoordinator;
  /** Waiting fetches and produces; `Partitions` is told to check it. */
  readonly delayed: DelayedOperations<WaitKey>;
  /** `Partitions` tells it of every move too. */
  readonly fetchSessions: FetchSessions;
  readonly settings: BrokerSettings;
  /** The keys that were set at the start, as text. */
  readonly brokerStatic: SettingTexts;
  readonly partitionsPerTopicMax: number;
  /** Epoch in which this node leads its partitions and keeps the metadata. */
  readonly leaderEpoch: number;
  /** The file system of the data directory, as of now. Rejects with the system's error. */
  space(): Promise<DiskSpace>;
}

/** Every API's handler. To add one, write its file and its line here; the compiler asks for it once its tables exist. */
export function handlersOf(broker: BrokerParts): Handlers {
  const { settings, metadata, brokerStatic } = broker;
  const { nodeId } = settings;
  const parts = {
    ...broker,
    nodeId,
    topicRules: {
      nodeId,
      defaultPartitionCount: settings.numPartitions,
      partitionCountMax: broker.partitionsPerTopicMax,
    },
    autoCreateTopics: settings.autoCreateTopics,
    deleteTopics: settings.deleteTopics,
    dataDir: settings.dataDir,
    responseBytesMax: settings.fetchBytesMax,
    layers: () => brokerLayers(metadata.image, nodeId, brokerStatic),
  };
  return {
    Produce: produceHandler(parts),
    Fetch: fetchHandler(parts),
    ListOffsets: listOffsetsHandler(parts),
    Metadata: metadataHandler(parts),
    ApiVersions: apiVersionsHandler(parts),
    CreateTopics: createTopicsHandler(parts),
    DeleteTopics: deleteTopicsHandler(parts),
    DeleteRecords: deleteRecordsHandler(parts),
    InitProducerId: initProducerIdHandler(parts),
    OffsetForLeaderEpoch: offsetForLeaderEpochHandler(parts),
    DescribeConfigs: describeConfigsHandler(parts),
    AlterConfigs: alterConfigsHandler(parts),
    CreatePartitions: createPartitionsHandler(parts),
    IncrementalAlterConfigs: incrementalAlterConfigsHandler(parts),
    OffsetCommit: offsetCommitHandler(parts),
    OffsetFetch: offsetFetchHandler(parts),
    FindCoordinator: findCoordinatorHandler(parts),
    JoinGroup: joinGroupHandler(parts),
    Heartbeat: heartbeatHandler(parts),
    LeaveGroup: leaveGroupHandler(parts),
    SyncGroup: syncGroupHandler(parts),
    DescribeGroups: describeGroupsHandler(parts),
    ListGroups: listGroupsHandler(parts),
    DescribeLogDirs: describeLogDirsHandler(parts),
    DeleteGroups: deleteGroupsHandler(parts),
    ListPartitionReassignments: listPartitionReassignmentsHandler(),
    OffsetDelete: offsetDeleteHandler(parts),
    DescribeCluster: describeClusterHandler(parts),
    ElectLeaders: electLeadersHandler(parts),
    DescribeQuorum: describeQuorumHandler(parts),
    DescribeProducers: describeProducersHandler(parts),
    ListConfigResources: listConfigResourcesHandler(parts),
  };
}
