import {
  array,
  type InputOf,
  int16,
  int32,
  message,
  string,
  uuid,
  type ValueOf,
} from '../schema.js';

export const DeleteTopicsRequest = message({
  apiKey: 20,
  min: 1,
  max: 6,
  flexible: 4,
  fields: {
    // By name, or by id with a null name (KIP-516).
    topics: array(
      { name: string({ nullable: '6+', default: null }), topicId: uuid() },
      { versions: '6+' },
    ),
    topicNames: array(string(), { versions: '1-5' }),
    timeoutMs: int32(),
  },
});
export type DeleteTopicsRequest = ValueOf<typeof DeleteTopicsRequest>;

/** TOPIC_DELETION_DISABLED from 3 on, THROTTLING_QUOTA_EXCEEDED from 5 on (KIP-599). */
export const DeleteTopicsResponse = message({
  apiKey: 20,
  min: 1,
  max: 6,
  flexible: 4,
  fields: {
    throttleTimeMs: int32({ default: 0 }),
    responses: array({
      name: string({ nullable: '6+' }),
      topicId: uuid({ versions: '6+' }),
      errorCode: int16(),
      errorMessage: string({ versions: '5+', nullable: '5+', default: null }),
    }),
  },
});
export type DeleteTopicsResponse = InputOf<typeof DeleteTopicsResponse>;
