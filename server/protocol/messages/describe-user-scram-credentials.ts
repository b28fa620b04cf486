import { api } from '../api.js';
import { array, int8, int16, int32, string } from '../schema.js';

/** KIP-554. No list, and an empty one, ask for every user. */
export const DescribeUserScramCredentials = api({
  name: 'DescribeUserScramCredentials',
  key: 50,
  versions: [0, 0],
  flexible: 0,
  request: {
    users: array({ name: string() }, { nullable: '0+' }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+', default: null }),
    results: array({
      user: string(),
      errorCode: int16(),
      errorMessage: string({ nullable: '0+', default: null }),
      credentialInfos: array({ mechanism: int8(), iterations: int32() }),
    }),
  },
  refused: (_request, errorCode) => ({ errorCode, results: [] }),
});
