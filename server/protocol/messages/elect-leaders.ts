import { api } from '../api.js';
import { array, int8, int16, int32, string } from '../schema.js';

/** Null topics means all of them (KIP-183). Election types: 0 preferred, 1 unclean (KIP-460). */
export const ElectLeaders = api({
  name: 'ElectLeaders',
  key: 43,
  versions: [0, 2],
  flexible: 2,
  request: {
    electionType: int8({ versions: '1+', default: 0 }),
    topicPartitions: array({ topic: string(), partitions: array(int32()) }, { nullable: '0+' }),
    timeoutMs: int32({ default: 60_000 }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16({ versions: '1+', default: 0 }),
    replicaElectionResults: array({
      topic: string(),
      partitionResult: array({
        partitionId: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+' }),
      }),
    }),
  },
  refused: ({ topicPartitions }, errorCode) => ({
    errorCode,
    replicaElectionResults: (topicPartitions ?? []).map(({ topic, partitions }) => ({
      topic,
      partitionResult: partitions.map((partitionId) => ({
        partitionId,
        errorCode,
        errorMessage: null,
      })),
    })),
  }),
});
