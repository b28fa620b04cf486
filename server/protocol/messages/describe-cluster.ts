import { api } from '../api.js';
import { array, bool, int8, int16, int32, string } from '../schema.js';

/** KIP-700. Endpoint types: 1 brokers, 2 controllers (KIP-919). */
export const DescribeCluster = api({
  name: 'DescribeCluster',
  key: 60,
  versions: [0, 2],
  flexible: 0,
  request: {
    includeClusterAuthorizedOperations: bool(),
    endpointType: int8({ versions: '1+', default: 1 }),
    includeFencedBrokers: bool({ versions: '2+', default: false }), // KIP-1073
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+', default: null }),
    endpointType: int8({ versions: '1+', default: 1 }),
    clusterId: string(),
    controllerId: int32({ default: -1 }),
    brokers: array({
      brokerId: int32(),
      host: string(),
      port: int32(),
      rack: string({ nullable: '0+', default: null }),
      isFenced: bool({ versions: '2+', default: false }),
    }),
    // Smallest int32: not asked for (KIP-430).
    clusterAuthorizedOperations: int32({ default: -2147483648 }),
  },
  refused: (_request, errorCode) => ({ errorCode, clusterId: '', brokers: [] }),
});
