import { api } from '../api.js';
import { array, bool, int16, int32, string, uuid } from '../schema.js';

/** Set of allowed operations that was not asked for (KIP-430). */
const OPERATIONS_UNKNOWN = -2147483648;

/**
 * All topics: an empty list in version 0, null from 1 on (where an empty list means none). Asking
 * by topic id works from 12 on; 10 and 11 have the field, but no client may use it.
 */
export const Metadata = api({
  name: 'Metadata',
  key: 3,
  versions: [0, 13],
  flexible: 9,
  request: {
    topics: array(
      { topicId: uuid({ versions: '10+' }), name: string({ nullable: '10+' }) }, // KIP-516
      { nullable: '1+' },
    ),
    allowAutoTopicCreation: bool({ versions: '4+', default: true }), // KIP-204
    includeClusterAuthorizedOperations: bool({ versions: '8-10' }), // KIP-430
    includeTopicAuthorizedOperations: bool({ versions: '8+' }),
  },
  response: {
    throttleTimeMs: int32({ versions: '3+', default: 0 }),
    brokers: array({
      nodeId: int32(),
      host: string(),
      port: int32(),
      rack: string({ versions: '1+', nullable: '1+', default: null }), // KIP-36
    }),
    clusterId: string({ versions: '2+', nullable: '2+', default: null }), // KIP-78
    controllerId: int32({ versions: '1+', default: -1 }),
    topics: array({
      errorCode: int16(),
      name: string({ nullable: '12+' }),
      topicId: uuid({ versions: '10+' }), // KIP-516
      isInternal: bool({ versions: '1+', default: false }),
      partitions: array({
        errorCode: int16(),
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32({ versions: '7+', default: -1 }), // KIP-320
        replicaNodes: array(int32()),
        isrNodes: array(int32()),
        offlineReplicas: array(int32(), { versions: '5+' }), // KIP-112
      }),
      topicAuthorizedOperations: int32({ versions: '8+', default: OPERATIONS_UNKNOWN }),
    }),
    clusterAuthorizedOperations: int32({ versions: '8-10', default: OPERATIONS_UNKNOWN }),
    errorCode: int16({ versions: '13+', default: 0 }), // KIP-1102
  },
  refused: ({ topics }, errorCode) => ({
    brokers: [],
    topics: (topics ?? []).map(({ name, topicId }) => ({
      errorCode,
      name,
      topicId,
      partitions: [],
    })),
  }),
});
