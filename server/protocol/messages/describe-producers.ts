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

/** KIP-664. */
export const DescribeProducersRequest = message({
  apiKey: 61,
  min: 0,
  max: 0,
  flexible: 0,
  fields: {
    topics: array({ name: string(), partitionIndexes: array(int32()) }),
  },
});
export type DescribeProducersRequest = ValueOf<typeof DescribeProducersRequest>;

export const DescribeProducersResponse = message({
  apiKey: 61,
  min: 0,
  max: 0,
  flexible: 0,
  fields: {
    throttleTimeMs: int32({ default: 0 }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+', default: null }),
        activeProducers: array({
          producerId: int64(),
          producerEpoch: int32(),
          lastSequence: int32({ default: -1 }),
          lastTimestamp: int64({ default: -1 }),
          /** Of the coordinator that wrote the producer's last marker; -1 without transactions. */
          coordinatorEpoch: int32(),
          currentTxnStartOffset: int64({ default: -1 }),
        }),
      }),
    }),
  },
});
export type DescribeProducersResponse = InputOf<typeof DescribeProducersResponse>;
