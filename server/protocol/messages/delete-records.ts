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

/** KIP-107. */
export const DeleteRecordsRequest = message({
  apiKey: 21,
  min: 0,
  max: 2,
  flexible: 2,
  fields: {
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        /** First offset to keep; -1 for the high watermark. */
        offset: int64({ clamp: true }),
      }),
    }),
    timeoutMs: int32(),
  },
});
export type DeleteRecordsRequest = ValueOf<typeof DeleteRecordsRequest>;

export const DeleteRecordsResponse = message({
  apiKey: 21,
  min: 0,
  max: 2,
  flexible: 2,
  fields: {
    throttleTimeMs: int32({ default: 0 }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        /** The log start offset afterwards, -1 with an error. */
        lowWatermark: int64(),
        errorCode: int16(),
      }),
    }),
  },
});
export type DeleteRecordsResponse = InputOf<typeof DeleteRecordsResponse>;
