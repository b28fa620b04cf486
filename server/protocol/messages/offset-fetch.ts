import { api } from '../api.js';
import { array, bool, int16, int32, int64, string } from '../schema.js';

/**
 * One group up to 7, several from 8 on (KIP-709). Null topics means all topics that have offsets.
 */
export const OffsetFetch = api({
  name: 'OffsetFetch',
  key: 9,
  versions: [1, 9],
  flexible: 6,
  request: {
    groupId: string({ versions: '0-7' }),
    topics: array(
      { name: string(), partitionIndexes: array(int32()) },
      { versions: '0-7', nullable: '2-7' },
    ),
    groups: array(
      {
        groupId: string(),
        // Of the newer group protocol (KIP-848).
        memberId: string({ versions: '9+', nullable: '9+', default: null }),
        memberEpoch: int32({ versions: '9+', default: -1 }),
        topics: array({ name: string(), partitionIndexes: array(int32()) }, { nullable: '8+' }),
      },
      { versions: '8+' },
    ),
    requireStable: bool({ versions: '7+', default: false }), // KIP-447
  },
  /** Offset -1 is "nothing committed". */
  response: {
    throttleTimeMs: int32({ versions: '3+', default: 0 }),
    topics: array(
      {
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          committedOffset: int64(),
          committedLeaderEpoch: int32({ versions: '5-7', default: -1 }), // KIP-320
          metadata: string({ nullable: '0-7' }),
          errorCode: int16(),
        }),
      },
      { versions: '0-7' },
    ),
    errorCode: int16({ versions: '2-7', default: 0 }),
    groups: array(
      {
        groupId: string(),
        topics: array({
          name: string(),
          partitions: array({
            partitionIndex: int32(),
            committedOffset: int64(),
            committedLeaderEpoch: int32({ default: -1 }),
            metadata: string({ nullable: '8+' }),
            errorCode: int16(),
          }),
        }),
        errorCode: int16({ default: 0 }),
      },
      { versions: '8+' },
    ),
  },
  refused: ({ topics, groups }, errorCode) => ({
    errorCode,
    topics: (topics ?? []).map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partitionIndex) => ({
        partitionIndex,
        committedOffset: -1,
        metadata: '',
        errorCode,
      })),
    })),
    groups: groups.map(({ groupId }) => ({ groupId, topics: [], errorCode })),
  }),
});
