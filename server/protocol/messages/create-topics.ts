import { api } from '../api.js';
import { array, bool, int8, int16, int32, string, uuid } from '../schema.js';

/** -1 for both counts means the broker's defaults from 4 on (KIP-464), or that assignments tell. */
export const CreateTopics = api({
  name: 'CreateTopics',
  key: 19,
  versions: [2, 7],
  flexible: 5,
  request: {
    topics: array({
      name: string(),
      numPartitions: int32(),
      replicationFactor: int16(),
      assignments: array({ partitionIndex: int32(), brokerIds: array(int32()) }),
      configs: array({ name: string(), value: string({ nullable: '2+' }) }),
    }),
    timeoutMs: int32({ default: 60000 }),
    validateOnly: bool({ default: false }),
  },
  /** From 6 on the answer may be THROTTLING_QUOTA_EXCEEDED (KIP-599). */
  response: {
    throttleTimeMs: int32({ default: 0 }),
    topics: array({
      name: string(),
      topicId: uuid({ versions: '7+' }), // KIP-516
      errorCode: int16(),
      errorMessage: string({ nullable: '2+', default: null }),
      // The rest describes the created topic (KIP-525).
      topicConfigErrorCode: int16({ versions: '5+', tag: 0 }),
      numPartitions: int32({ versions: '5+', default: -1 }),
      replicationFactor: int16({ versions: '5+', default: -1 }),
      configs: array(
        {
          name: string(),
          value: string({ nullable: '5+' }),
          readOnly: bool(),
          configSource: int8({ default: -1 }),
          isSensitive: bool(),
        },
        { versions: '5+', nullable: '5+' },
      ),
    }),
  },
  refused: ({ topics }, errorCode) => ({
    topics: topics.map(({ name }) => ({ name, errorCode, configs: [] })),
  }),
});
