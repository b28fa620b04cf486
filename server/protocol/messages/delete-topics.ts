import { api } from '../api.js';
import { array, int16, int32, string, uuid } from '../schema.js';

export const DeleteTopics = api({
  name: 'DeleteTopics',
  key: 20,
  versions: [1, 6],
  flexible: 4,
  request: {
    // By name, or by id with a null name (KIP-516).
    topics: array(
      { name: string({ nullable: '6+', default: null }), topicId: uuid() },
      { versions: '6+' },
    ),
    topicNames: array(string(), { versions: '1-5' }),
    timeoutMs: int32(),
  },
  /** TOPIC_DELETION_DISABLED from 3 on, THROTTLING_QUOTA_EXCEEDED from 5 on (KIP-599). */
  response: {
    throttleTimeMs: int32({ default: 0 }),
    responses: array({
      name: string({ nullable: '6+' }),
      topicId: uuid({ versions: '6+' }),
      errorCode: int16(),
      errorMessage: string({ versions: '5+', nullable: '5+', default: null }),
    }),
  },
  refused: ({ topics, topicNames }, errorCode) => ({
    responses: [
      ...topics.map(({ name, topicId }) => ({ name, topicId, errorCode })),
      ...topicNames.map((name) => ({ name, errorCode })),
    ],
  }),
});
