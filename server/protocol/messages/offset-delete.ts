import { api } from '../api.js';
import { array, int16, int32, string } from '../schema.js';

/** Forgets committed offsets of topics that a group does not read any more (KIP-496). */
export const OffsetDelete = api({
  name: 'OffsetDelete',
  key: 47,
  versions: [0, 0],
  request: {
    groupId: string(),
    topics: array({ name: string(), partitions: array({ partitionIndex: int32() }) }),
  },
  response: {
    errorCode: int16(),
    throttleTimeMs: int32({ default: 0 }),
    topics: array({
      name: string(),
      partitions: array({ partitionIndex: int32(), errorCode: int16() }),
    }),
  },
  refused: (_request, errorCode) => ({ errorCode, topics: [] }),
});
