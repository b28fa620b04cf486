import { array, type InputOf, int16, int32, message, string, type ValueOf } from '../schema.js';

/** Forgets committed offsets of topics that a group does not read any more (KIP-496). */
export const OffsetDeleteRequest = message({
  apiKey: 47,
  min: 0,
  max: 0,
  fields: {
    groupId: string(),
    topics: array({ name: string(), partitions: array({ partitionIndex: int32() }) }),
  },
});
export type OffsetDeleteRequest = ValueOf<typeof OffsetDeleteRequest>;

export const OffsetDeleteResponse = message({
  apiKey: 47,
  min: 0,
  max: 0,
  fields: {
    errorCode: int16(),
    throttleTimeMs: int32({ default: 0 }),
    topics: array({
      name: string(),
      partitions: array({ partitionIndex: int32(), errorCode: int16() }),
    }),
  },
});
export type OffsetDeleteResponse = InputOf<typeof OffsetDeleteResponse>;
