import {
  array,
  exactInt64,
  type InputOf,
  int8,
  int16,
  int32,
  int64,
  message,
  string,
  type ValueOf,
} from '../schema.js';

/**
 * A timestamp, or one of: -1 the end, -2 the start, -3 the record with the largest timestamp
 * (7+, KIP-734), -4 the start of the local log (8+, KIP-405), -5 the end of tiered storage
 * (9+, KIP-1005), -6 the first record that tiered storage lacks (11+, KIP-1023).
 */
export const ListOffsetsRequest = message({
  apiKey: 2,
  min: 1,
  max: 11,
  flexible: 6,
  fields: {
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
});
export type ListOffsetsRequest = ValueOf<typeof ListOffsetsRequest>;

export const ListOffsetsResponse = message({
  apiKey: 2,
  min: 1,
  max: 11,
  flexible: 6,
  fields: {
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
});
export type ListOffsetsResponse = InputOf<typeof ListOffsetsResponse>;
