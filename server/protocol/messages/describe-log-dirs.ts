import {
  array,
  bool,
  type InputOf,
  int16,
  int32,
  int64,
  message,
  string,
  type ValueOf,
} from '../schema.js';

/** Null topics are all (KIP-113). */
export const DescribeLogDirsRequest = message({
  apiKey: 35,
  min: 1,
  max: 5,
  flexible: 2,
  fields: {
    topics: array({ topic: string(), partitions: array(int32()) }, { nullable: '1+' }),
  },
});
export type DescribeLogDirsRequest = ValueOf<typeof DescribeLogDirsRequest>;

export const DescribeLogDirsResponse = message({
  apiKey: 35,
  min: 1,
  max: 5,
  flexible: 2,
  fields: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16({ versions: '3+' }),
    results: array({
      errorCode: int16(),
      logDir: string(),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          partitionSize: int64(),
          /** How far the log is behind the high watermark, or behind the log that it is to replace. */
          offsetLag: int64(),
          isFutureKey: bool(),
        }),
      }),
      // Of the volume; -1 if unknown (KIP-827).
      totalBytes: int64({ versions: '4+', default: -1 }),
      usableBytes: int64({ versions: '4+', default: -1 }),
      // Closed for new partitions (KIP-1066), which this broker's one directory never is.
      isCordoned: bool({ versions: '5+', default: false }),
    }),
  },
});
export type DescribeLogDirsResponse = InputOf<typeof DescribeLogDirsResponse>;
