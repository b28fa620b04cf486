import {
  array,
  type InputOf,
  int16,
  int32,
  int64,
  message,
  string,
  uint16,
  uuid,
  type ValueOf,
} from '../schema.js';

/** KIP-595; fetch times KIP-836, directories and nodes KIP-853. */
export const DescribeQuorumRequest = message({
  apiKey: 55,
  min: 0,
  max: 2,
  flexible: 0,
  fields: {
    topics: array({ topicName: string(), partitions: array({ partitionIndex: int32() }) }),
  },
});
export type DescribeQuorumRequest = ValueOf<typeof DescribeQuorumRequest>;

const REPLICA_STATE = {
  replicaId: int32(),
  replicaDirectoryId: uuid({ versions: '2+' }),
  logEndOffset: int64(),
  lastFetchTimestamp: int64({ versions: '1+', default: -1 }),
  lastCaughtUpTimestamp: int64({ versions: '1+', default: -1 }),
};

export const DescribeQuorumResponse = message({
  apiKey: 55,
  min: 0,
  max: 2,
  flexible: 0,
  fields: {
    errorCode: int16(),
    errorMessage: string({ versions: '2+', nullable: '2+', default: null }),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ versions: '2+', nullable: '2+', default: null }),
        leaderId: int32(),
        leaderEpoch: int32(),
        highWatermark: int64(),
        currentVoters: array(REPLICA_STATE),
        observers: array(REPLICA_STATE),
      }),
    }),
    nodes: array(
      {
        nodeId: int32(),
        listeners: array({ name: string(), host: string(), port: uint16() }),
      },
      { versions: '2+' },
    ),
  },
});
export type DescribeQuorumResponse = InputOf<typeof DescribeQuorumResponse>;
