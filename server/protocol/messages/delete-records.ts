import { api } from '../api.js';
import { array, int16, int32, int64, string } from '../schema.js';

/** KIP-107. */
export const DeleteRecords = api({
  name: 'DeleteRecords',
  key: 21,
  versions: [0, 2],
  flexible: 2,
  request: {
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
  response: {
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
  refused: ({ topics }, errorCode) => ({
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode,
        lowWatermark: -1,
      })),
    })),
  }),
});
