import {
  array,
  type InputOf,
  int16,
  int32,
  int64,
  message,
  string,
  type ValueOf,
} from '../schema.js';

/** KIP-101, and for consumers KIP-320. */
export const OffsetForLeaderEpochRequest = message({
  apiKey: 23,
  min: 2,
  max: 4,
  flexible: 4,
  fields: {
    /** -1 for a consumer, -2 for one that may see past the high watermark. */
    replicaId: int32({ versions: '3+', default: -2 }),
    topics: array({
      topic: string(),
      partitions: array({
        partition: int32(),
        currentLeaderEpoch: int32({ default: -1 }),
        leaderEpoch: int32(),
      }),
    }),
  },
});
export type OffsetForLeaderEpochRequest = ValueOf<typeof OffsetForLeaderEpochRequest>;

export const OffsetForLeaderEpochResponse = message({
  apiKey: 23,
  min: 2,
  max: 4,
  flexible: 4,
  fields: {
    throttleTimeMs: int32({ default: 0 }),
    topics: array({
      topic: string(),
      partitions: array({
        errorCode: int16(),
        partition: int32(),
        leaderEpoch: int32({ default: -1 }),
        /** End of that epoch, exclusive; -1 if unknown. */
        endOffset: int64({ default: -1 }),
      }),
    }),
  },
});
export type OffsetForLeaderEpochResponse = InputOf<typeof OffsetForLeaderEpochResponse>;
