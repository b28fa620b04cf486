import { AlterConfigsRequest, AlterConfigsResponse } from './messages/alter-configs.js';
import { ApiVersionsRequest, ApiVersionsResponse } from './messages/api-versions.js';
import { CreatePartitionsRequest, CreatePartitionsResponse } from './messages/create-partitions.js';
import { CreateTopicsRequest, CreateTopicsResponse } from './messages/create-topics.js';
import { DeleteRecordsRequest, DeleteRecordsResponse } from './messages/delete-records.js';
import { DeleteTopicsRequest, DeleteTopicsResponse } from './messages/delete-topics.js';
import { DescribeClusterRequest, DescribeClusterResponse } from './messages/describe-cluster.js';
import { DescribeConfigsRequest, DescribeConfigsResponse } from './messages/describe-configs.js';
import { FetchRequest, FetchResponse } from './messages/fetch.js';
import {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from './messages/incremental-alter-configs.js';
import { InitProducerIdRequest, InitProducerIdResponse } from './messages/init-producer-id.js';
import { ListOffsetsRequest, ListOffsetsResponse } from './messages/list-offsets.js';
import { MetadataRequest, MetadataResponse } from './messages/metadata.js';
import {
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochResponse,
} from './messages/offset-for-leader-epoch.js';
import { ProduceRequest, ProduceResponse } from './messages/produce.js';
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
  DescribeCluster: api('DescribeCluster', DescribeClusterRequest, DescribeClusterResponse),
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
