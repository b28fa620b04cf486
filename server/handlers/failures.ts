import type { ResponsePart } from '../net/response-writer.js';
import { APIS, type ApiName, type ResponseOf } from '../protocol/api-keys.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { encodeResponse } from '../protocol/frame.js';

/** Answers that are nothing but an error, where an API has a place for one at its top level. */
const FAILURES: {
  readonly [N in ApiName]?: (code: ErrorCode, version: number) => ResponseOf<N> | null;
} = {
  ApiVersions: (errorCode) => ({ errorCode, apiKeys: [] }),
  DescribeCluster: (errorCode) => ({ errorCode, clusterId: '', brokers: [] }),
  DescribeQuorum: (errorCode) => ({ errorCode, topics: [], nodes: [] }),
  ElectLeaders: (errorCode, version) =>
    version >= 1 ? { errorCode, replicaElectionResults: [] } : null,
  Fetch: (errorCode, version) => (version >= 7 ? { errorCode, topics: [] } : null),
  InitProducerId: (errorCode) => ({ errorCode, producerEpoch: -1 }),
  ListConfigResources: (errorCode) => ({ errorCode, configResources: [] }),
};

/** The response of an API that says only `code`, or null if its response has no such place in this version. */
export function failureResponse(name: ApiName, version: number, code: ErrorCode): object | null {
  return FAILURES[name]?.(code, version) ?? null;
}

/**
 * The answer to an ApiVersions request of a version above ours: in the layout of version 0, which every client reads, with the
 * one line that tells which versions we do have (KIP-511).
 */
export function unsupportedApiVersions(correlationId: number): ResponsePart[] {
  const { key, advertiseMin, max } = APIS.ApiVersions;
  const body = {
    errorCode: ErrorCode.UNSUPPORTED_VERSION,
    apiKeys: [{ apiKey: key, minVersion: advertiseMin, maxVersion: max }],
  };
  return encodeResponse(APIS.ApiVersions, 0, correlationId, body) as ResponsePart[];
}
