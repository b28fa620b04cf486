import {
  array,
  bool,
  type InputOf,
  int16,
  int32,
  message,
  string,
  type ValueOf,
} from '../schema.js';

/** KIP-195. */
export const CreatePartitionsRequest = message({
  apiKey: 37,
  min: 0,
  max: 3,
  flexible: 2,
  fields: {
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
});
export type CreatePartitionsRequest = ValueOf<typeof CreatePartitionsRequest>;

/** From 3 on the answer may be THROTTLING_QUOTA_EXCEEDED (KIP-599). */
export const CreatePartitionsResponse = message({
  apiKey: 37,
  min: 0,
  max: 3,
  flexible: 2,
  fields: {
    throttleTimeMs: int32({ default: 0 }),
    results: array({
      name: string(),
      errorCode: int16(),
      errorMessage: string({ nullable: '0+', default: null }),
    }),
  },
});
export type CreatePartitionsResponse = InputOf<typeof CreatePartitionsResponse>;
