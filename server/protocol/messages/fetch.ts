import { api } from '../api.js';
import { array, int8, int16, int32, int64, records, string, struct, uuid } from '../schema.js';

/** From 10 on the client reads zstd (KIP-110); 14 may answer OFFSET_MOVED_TO_TIERED_STORAGE. */
export const Fetch = api({
  name: 'Fetch',
  key: 1,
  versions: [4, 17],
  flexible: 12,
  request: {
    clusterId: string({ versions: '12+', nullable: '12+', tag: 0, default: null }),
    /** -1 for a consumer; followers name themselves here up to 14. */
    replicaId: int32({ versions: '4-14', default: -1 }),
    // A follower and the epoch of its registration (KIP-903).
    replicaState: struct(
      { replicaId: int32({ default: -1 }), replicaEpoch: int64({ default: -1 }) },
      { versions: '15+', tag: 1 },
    ),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32({ default: 0x7fffffff }),
    isolationLevel: int8({ default: 0 }), // KIP-98: 0 uncommitted, 1 committed
    sessionId: int32({ versions: '7+', default: 0 }), // KIP-227
    sessionEpoch: int32({ versions: '7+', default: -1 }),
    topics: array({
      topic: string({ versions: '4-12' }),
      topicId: uuid({ versions: '13+' }), // KIP-516
      partitions: array({
        partition: int32(),
        currentLeaderEpoch: int32({ versions: '9+', default: -1 }), // KIP-320
        fetchOffset: int64({ clamp: true }),
        lastFetchedEpoch: int32({ versions: '12+', default: -1 }), // KIP-595
        logStartOffset: int64({ versions: '5+', default: -1, clamp: true }), // KIP-107
        partitionMaxBytes: int32(),
        replicaDirectoryId: uuid({ versions: '17+', tag: 0 }), // KIP-853
      }),
    }),
    forgottenTopicsData: array(
      {
        topic: string({ versions: '7-12' }),
        topicId: uuid({ versions: '13+' }),
        partitions: array(int32()),
      },
      { versions: '7+' },
    ),
    rackId: string({ versions: '11+', default: '' }), // KIP-392
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16({ versions: '7+' }),
    sessionId: int32({ versions: '7+', default: 0 }),
    topics: array({
      topic: string({ versions: '4-12' }),
      topicId: uuid({ versions: '13+' }),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        highWatermark: int64(),
        lastStableOffset: int64({ default: -1 }),
        logStartOffset: int64({ versions: '5+', default: -1 }),
        // The place where the follower's log diverges from ours (KIP-595).
        divergingEpoch: struct(
          { epoch: int32({ default: -1 }), endOffset: int64({ default: -1 }) },
          { versions: '12+', tag: 0 },
        ),
        currentLeader: struct(
          { leaderId: int32({ default: -1 }), leaderEpoch: int32({ default: -1 }) },
          { versions: '12+', tag: 1 },
        ),
        snapshotId: struct(
          { endOffset: int64({ default: -1 }), epoch: int32({ default: -1 }) },
          { versions: '12+', tag: 2 },
        ),
        abortedTransactions: array(
          { producerId: int64(), firstOffset: int64() },
          { nullable: '4+', default: null },
        ),
        preferredReadReplica: int32({ versions: '11+', default: -1 }), // KIP-392
        /** Answer empty bytes where there is nothing: librdkafka takes null for a broken frame. */
        records: records(),
      }),
    }),
    nodeEndpoints: array(
      {
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string({ nullable: '16+', default: null }),
      },
      { versions: '16+', tag: 0 }, // KIP-951
    ),
  },
  // A fetch in a session names few of its partitions: the code stands above them.
  refused: ({ sessionId, topics }, errorCode) =>
    sessionId !== 0
      ? { errorCode, topics: [] }
      : {
          errorCode: 0,
          topics: topics.map(({ topic, topicId, partitions }) => ({
            topic,
            topicId,
            partitions: partitions.map(({ partition }) => ({
              partitionIndex: partition,
              errorCode,
              highWatermark: -1,
              records: Buffer.alloc(0),
            })),
          })),
        },
});
