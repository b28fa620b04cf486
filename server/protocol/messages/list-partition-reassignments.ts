import { api } from '../api.js';
import { array, int16, int32, string } from '../schema.js';

/** Null topics means all of them (KIP-455). */
export const ListPartitionReassignments = api({
  name: 'ListPartitionReassignments',
  key: 46,
  versions: [0, 0],
  flexible: 0,
  request: {
    timeoutMs: int32({ default: 60000 }),
    topics: array(
      { name: string(), partitionIndexes: array(int32()) },
      { nullable: '0+', default: null },
    ),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+', default: null }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        replicas: array(int32()),
        addingReplicas: array(int32()),
        removingReplicas: array(int32()),
      }),
    }),
  },
  refused: (_request, errorCode) => ({ errorCode, topics: [] }),
});
