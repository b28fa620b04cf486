import { api } from '../api.js';
import { array, int16, int32, int64, records, string, struct } from '../schema.js';

/**
 * Versions 0-2 are advertised because librdkafka before 2.11.1 compresses only when it sees version
 * 0 (KAFKA-18659), and refused, because their batches are older than magic 2. From 7 on a batch may
 * be zstd (KIP-110).
 */
export const Produce = api({
  name: 'Produce',
  key: 0,
  versions: [3, 11],
  advertiseMin: 0,
  flexible: 9,
  request: {
    transactionalId: string({ nullable: '3+', default: null }), // KIP-98
    acks: int16(),
    timeoutMs: int32(),
    topics: array({
      name: string(),
      partitions: array({ index: int32(), records: records() }),
    }),
  },
  response: {
    topics: array({
      name: string(),
      partitions: array({
        index: int32(),
        errorCode: int16(),
        baseOffset: int64(),
        logAppendTimeMs: int64({ default: -1 }),
        logStartOffset: int64({ versions: '5+', default: -1 }),
        // Which records made the batch fail (KIP-467).
        recordErrors: array(
          {
            batchIndex: int32(),
            batchIndexErrorMessage: string({ nullable: '8+', default: null }),
          },
          { versions: '8+' },
        ),
        errorMessage: string({ versions: '8+', nullable: '8+', default: null }),
        // Given with NOT_LEADER_OR_FOLLOWER, so that the client need not ask again (KIP-951).
        currentLeader: struct(
          { leaderId: int32({ default: -1 }), leaderEpoch: int32({ default: -1 }) },
          { versions: '10+', tag: 0 },
        ),
      }),
    }),
    throttleTimeMs: int32({ default: 0 }),
    nodeEndpoints: array(
      {
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string({ nullable: '10+', default: null }),
      },
      { versions: '10+', tag: 0 },
    ),
  },
  refused: ({ acks, topics }, errorCode) =>
    acks === 0
      ? null
      : {
          topics: topics.map(({ name, partitions }) => ({
            name,
            partitions: partitions.map(({ index }) => ({ index, errorCode, baseOffset: -1 })),
          })),
        },
});
