import { api } from '../api.js';
import { array, exactInt64, int8, int16, int32, int64, string } from '../schema.js';

/**
 * A timestamp, or one of: -1 the end, -2 the start, -3 the record with the largest timestamp
 * (7+, KIP-734), -4 the start of the local log (8+, KIP-405), -5 the end of tiered storage
 * (9+, KIP-1005), -6 the first record that tiered storage lacks (11+, KIP-1023).
 */
export const ListOffsets = api({
  name: 'ListOffsets',
  key: 2,
  versions: [1, 11],
  flexible: 6,
  request: {
    replicaId: int32(),
    isolationLevel: int8({ versions: '2+' }), // KIP-98
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        currentLeaderEpoch: int32({ versions: '4+', default: -1 }), // KIP-320
        timestamp: exactInt64(),
      }),
    }),
    timeoutMs: int32({ versions: '10+', default: 0 }), // KIP-1075: for tiered storage
  },
  response: {
    throttleTimeMs: int32({ versions: '2+', default: 0 }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        timestamp: exactInt64({ default: -1 }),
        offset: int64({ default: -1 }),
        leaderEpoch: int32({ versions: '4+', default: -1 }),
      }),
    }),
  },
  refused: ({ topics }, errorCode) => ({
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  }),
});
