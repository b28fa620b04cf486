import { AlterConfigsRequest, AlterConfigsResponse } from './messages/alter-configs.js';
import { ApiVersionsRequest, ApiVersionsResponse } from './messages/api-versions.js';
import { CreatePartitionsRequest, CreatePartitionsResponse } from './messages/create-partitions.js';
import { CreateTopicsRequest, CreateTopicsResponse } from './messages/create-topics.js';
import { DeleteGroupsRequest, DeleteGroupsResponse } from './messages/delete-groups.js';
import { DeleteRecordsRequest, DeleteRecordsResponse } from './messages/delete-records.js';
import { DeleteTopicsRequest, DeleteTopicsResponse } from './messages/delete-topics.js';
import { DescribeClusterRequest, DescribeClusterResponse } from './messages/describe-cluster.js';
import { DescribeConfigsRequest, DescribeConfigsResponse } from './messages/describe-configs.js';
import { DescribeGroupsRequest, DescribeGroupsResponse } from './messages/describe-groups.js';
import { DescribeLogDirsRequest, DescribeLogDirsResponse } from './messages/describe-log-dirs.js';
import {
  DescribeProducersRequest,
  DescribeProducersResponse,
} from './messages/describe-producers.js';
import { DescribeQuorumRequest, DescribeQuorumResponse } from './messages/describe-quorum.js';
import { ElectLeadersRequest, ElectLeadersResponse } from './messages/elect-leaders.js';
import { FetchRequest, FetchResponse } from './messages/fetch.js';
import { FindCoordinatorRequest, FindCoordinatorResponse } from './messages/find-coordinator.js';
import { HeartbeatRequest, HeartbeatResponse } from './messages/heartbeat.js';
import {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from './messages/incremental-alter-configs.js';
import { InitProducerIdRequest, InitProducerIdResponse } from './messages/init-producer-id.js';
import { JoinGroupRequest, JoinGroupResponse } from './messages/join-group.js';
import { LeaveGroupRequest, LeaveGroupResponse } from './messages/leave-group.js';
import {
  ListConfigResourcesRequest,
  ListConfigResourcesResponse,
} from './messages/list-config-resources.js';
import { ListGroupsRequest, ListGroupsResponse } from './messages/list-groups.js';
import { ListOffsetsRequest, ListOffsetsResponse } from './messages/list-offsets.js';
import {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
} from './messages/list-partition-reassignments.js';
import { MetadataRequest, MetadataResponse } from './messages/metadata.js';
import { OffsetCommitRequest, OffsetCommitResponse } from './messages/offset-commit.js';
import { OffsetDeleteRequest, OffsetDeleteResponse } from './messages/offset-delete.js';
import { OffsetFetchRequest, OffsetFetchResponse } from './messages/offset-fetch.js';
import {
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochResponse,
} from './messages/offset-for-leader-epoch.js';
import { ProduceRequest, ProduceResponse } from './messages/produce.js';
import { SyncGroupRequest, SyncGroupResponse } from './messages/sync-group.js';
import type { InputOf, Message, ValueOf } from './schema.js';

/** One API: its two tables and what follows from them. */
export interface Api<
  N extends string = string,
  Req extends Message = Message,
  Res extends Message = Message,
> {
  readonly name: N;
  readonly key: number;
  readonly request: Req;
  readonly response: Res;
  /** Lowest version implemented, inclusive. */
  readonly min: number;
  /** Highest version implemented and advertised, inclusive. */
  readonly max: number;
  /** Lowest version that ApiVersions names, inclusive. */
  readonly advertiseMin: number;
  /** First flexible version (KIP-482), `Infinity` if none. */
  readonly flexible: number;
}

/** Every API that the tables describe. To add one, write its messages file and its line here. */
export const APIS = {
  Produce: api('Produce', ProduceRequest, ProduceResponse),
  Fetch: api('Fetch', FetchRequest, FetchResponse),
  ListOffsets: api('ListOffsets', ListOffsetsRequest, ListOffsetsResponse),
  Metadata: api('Metadata', MetadataRequest, MetadataResponse),
  ApiVersions: api('ApiVersions', ApiVersionsRequest, ApiVersionsResponse),
  CreateTopics: api('CreateTopics', CreateTopicsRequest, CreateTopicsResponse),
  DeleteTopics: api('DeleteTopics', DeleteTopicsRequest, DeleteTopicsResponse),
  DeleteRecords: api('DeleteRecords', DeleteRecordsRequest, DeleteRecordsResponse),
  InitProducerId: api('InitProducerId', InitProducerIdRequest, InitProducerIdResponse),
  OffsetForLeaderEpoch: api(
    'OffsetForLeaderEpoch',
    OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
  ),
  DescribeConfigs: api('DescribeConfigs', DescribeConfigsRequest, DescribeConfigsResponse),
  AlterConfigs: api('AlterConfigs', AlterConfigsRequest, AlterConfigsResponse),
  CreatePartitions: api('CreatePartitions', CreatePartitionsRequest, CreatePartitionsResponse),
  IncrementalAlterConfigs: api(
    'IncrementalAlterConfigs',
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse,
  ),
  OffsetCommit: api('OffsetCommit', OffsetCommitRequest, OffsetCommitResponse),
  OffsetFetch: api('OffsetFetch', OffsetFetchRequest, OffsetFetchResponse),
  FindCoordinator: api('FindCoordinator', FindCoordinatorRequest, FindCoordinatorResponse),
  JoinGroup: api('JoinGroup', JoinGroupRequest, JoinGroupResponse),
  Heartbeat: api('Heartbeat', HeartbeatRequest, HeartbeatResponse),
  LeaveGroup: api('LeaveGroup', LeaveGroupRequest, LeaveGroupResponse),
  SyncGroup: api('SyncGroup', SyncGroupRequest, SyncGroupResponse),
  DescribeGroups: api('DescribeGroups', DescribeGroupsRequest, DescribeGroupsResponse),
  ListGroups: api('ListGroups', ListGroupsRequest, ListGroupsResponse),
  DescribeLogDirs: api('DescribeLogDirs', DescribeLogDirsRequest, DescribeLogDirsResponse),
  DeleteGroups: api('DeleteGroups', DeleteGroupsRequest, DeleteGroupsResponse),
  ListPartitionReassignments: api(
    'ListPartitionReassignments',
    ListPartitionReassignmentsRequest,
    ListPartitionReassignmentsResponse,
  ),
  OffsetDelete: api('OffsetDelete', OffsetDeleteRequest, OffsetDeleteResponse),
  DescribeCluster: api('DescribeCluster', DescribeClusterRequest, DescribeClusterResponse),
  ElectLeaders: api('ElectLeaders', ElectLeadersRequest, ElectLeadersResponse),
  DescribeQuorum: api('DescribeQuorum', DescribeQuorumRequest, DescribeQuorumResponse),
  DescribeProducers: api('DescribeProducers', DescribeProducersRequest, DescribeProducersResponse),
  ListConfigResources: api(
    'ListConfigResources',
    ListConfigResourcesRequest,
    ListConfigResourcesResponse,
  ),
};

export type ApiName = keyof typeof APIS;

/** Any one of the known APIs. */
export type KnownApi = (typeof APIS)[ApiName];

/** What a handler of this API receives. */
export type RequestOf<N extends ApiName> = ValueOf<(typeof APIS)[N]['request']>;

/** What a handler of this API answers with. */
export type ResponseOf<N extends ApiName> = InputOf<(typeof APIS)[N]['response']>;

const byKey: (KnownApi | undefined)[] = [];
for (const known of Object.values(APIS)) byKey[known.key] = known;

/** The API with this key, or undefined if no table describes it. */
export function lookupApi(key: number): KnownApi | undefined {
  return byKey[key];
}

function api<const N extends string, Req extends Message, Res extends Message>(
  name: N,
  request: Req,
  response: Res,
): Api<N, Req, Res> {
  const { apiKey, min, max, advertiseMin, flexible } = request;
  return { name, key: apiKey, request, response, min, max, advertiseMin, flexible };
}
