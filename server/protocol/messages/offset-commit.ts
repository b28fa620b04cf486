import { api } from '../api.js';
import { array, int16, int32, int64, string } from '../schema.js';

/** From 9 on an unknown group is GROUP_ID_NOT_FOUND (KIP-848). */
export const OffsetCommit = api({
  name: 'OffsetCommit',
  key: 8,
  versions: [2, 9],
  flexible: 8,
  request: {
    groupId: string(),
    /** -1 for a consumer that manages its partitions itself. */
    generationIdOrMemberEpoch: int32({ default: -1 }),
    memberId: string(),
    groupInstanceId: string({ versions: '7+', nullable: '7+', default: null }), // KIP-345
    /** -1 for the broker's own retention; since 5 there is no other (KIP-211). */
    retentionTimeMs: int64({ versions: '2-4', default: -1, clamp: true }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        committedOffset: int64({ clamp: true }),
        committedLeaderEpoch: int32({ versions: '6+', default: -1 }), // KIP-320
        committedMetadata: string({ nullable: '2+' }),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32({ versions: '3+', default: 0 }),
    topics: array({
      name: string(),
      partitions: array({ partitionIndex: int32(), errorCode: int16() }),
    }),
  },
  refused: ({ topics }, errorCode) => ({
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  }),
});
