import { array, type InputOf, int16, int32, message, string, type ValueOf } from '../schema.js';

/** Null topics are all (KIP-455). */
export const ListPartitionReassignmentsRequest = message({
  apiKey: 46,
  min: 0,
  max: 0,
  flexible: 0,
  fields: {
    timeoutMs: int32({ default: 60000 }),
    topics: array(
      { name: string(), partitionIndexes: array(int32()) },
      { nullable: '0+', default: null },
    ),
  },
});
export type ListPartitionReassignmentsRequest = ValueOf<typeof ListPartitionReassignmentsRequest>;

export const ListPartitionReassignmentsResponse = message({
  apiKey: 46,
  min: 0,
  max: 0,
  flexible: 0,
  fields: {
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
});
export type ListPartitionReassignmentsResponse = InputOf<typeof ListPartitionReassignmentsResponse>;
