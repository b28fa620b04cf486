import { api } from '../api.js';
import { array, bool, int16, int32, string, struct, uuid } from '../schema.js';

const CURSOR = { topicName: string(), partitionIndex: int32() };

/**
 * KIP-966. No topics means all of them; a full answer names the place where the next one begins.
 */
export const DescribeTopicPartitions = api({
  name: 'DescribeTopicPartitions',
  key: 75,
  versions: [0, 0],
  flexible: 0,
  request: {
    topics: array({ name: string() }),
    responsePartitionLimit: int32({ default: 2000 }),
    cursor: struct(CURSOR, { nullable: '0+', default: null }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    topics: array({
      errorCode: int16(),
      name: string({ nullable: '0+' }),
      topicId: uuid({ default: 'AAAAAAAAAAAAAAAAAAAAAA' }),
      isInternal: bool({ default: false }),
      partitions: array({
        errorCode: int16(),
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32({ default: -1 }),
        replicaNodes: array(int32()),
        isrNodes: array(int32()),
        eligibleLeaderReplicas: array(int32(), { nullable: '0+', default: null }),
        lastKnownElr: array(int32(), { nullable: '0+', default: null }),
        offlineReplicas: array(int32()),
      }),
      topicAuthorizedOperations: int32({ default: -0x80000000 }),
    }),
    nextCursor: struct(CURSOR, { nullable: '0+', default: null }),
  },
  refused: ({ topics }, errorCode) => ({
    topics: topics.map(({ name }) => ({ errorCode, name, partitions: [] })),
  }),
});
