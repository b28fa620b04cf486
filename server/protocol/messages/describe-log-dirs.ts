import { api } from '../api.js';
import { array, bool, int16, int32, int64, string } from '../schema.js';

/** Null topics means all of them (KIP-113). */
export const DescribeLogDirs = api({
  name: 'DescribeLogDirs',
  key: 35,
  versions: [1, 5],
  flexible: 2,
  request: {
    topics: array({ topic: string(), partitions: array(int32()) }, { nullable: '1+' }),
  },
  response: {
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
          /**
           * How far the log is behind the high watermark, or behind the log that it is to replace.
           */
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
  refused: (_request, errorCode, version) => ({
    errorCode,
    results: version < 3 ? [{ errorCode, logDir: '', topics: [] }] : [],
  }),
});
