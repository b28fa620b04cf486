import { api } from '../api.js';
import { array, bool, int16, int32, string } from '../schema.js';

/** KIP-195. */
export const CreatePartitions = api({
  name: 'CreatePartitions',
  key: 37,
  versions: [0, 3],
  flexible: 2,
  request: {
    topics: array({
      name: string(),
      /** The new total. */
      count: int32(),
      /** Replicas of the new partitions only; null leaves the choice to the broker. */
      assignments: array({ brokerIds: array(int32()) }, { nullable: '0+' }),
    }),
    timeoutMs: int32(),
    validateOnly: bool(),
  },
  /** From 3 on the answer may be THROTTLING_QUOTA_EXCEEDED (KIP-599). */
  response: {
    throttleTimeMs: int32({ default: 0 }),
    results: array({
      name: string(),
      errorCode: int16(),
      errorMessage: string({ nullable: '0+', default: null }),
    }),
  },
  refused: ({ topics }, errorCode) => ({
    results: topics.map(({ name }) => ({ name, errorCode })),
  }),
});
