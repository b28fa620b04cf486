import { expect, test } from 'vitest';
import { ErrorCode } from '../../../../server/protocol/error-codes.js';
import { memoryBroker } from '../../../support/memory-broker.js';

const API = 'DescribeUserScramCredentials';

test.each([null, []])('all users (%j) are none', async (users) => {
  const broker = await memoryBroker();
  const answer = await broker.call(API, 0, { users });
  expect(answer).toMatchObject({ errorCode: ErrorCode.NONE, errorMessage: null, results: [] });
});

test('a user that is named has no credentials, one that is named again is refused', async () => {
  const broker = await memoryBroker();
  const users = ['carol', 'alice', 'bob', 'alice', 'alice'].map((name) => ({ name }));
  const answer = await broker.call(API, 0, { users });
  const none = 'Attempt to describe a user credential that does not exist: ';
  const twice =
    'Cannot describe SCRAM credentials for the same user twice in a single request: alice';
  expect(answer).toMatchObject({
    errorCode: ErrorCode.NONE,
    results: [
      { user: 'carol', errorCode: ErrorCode.RESOURCE_NOT_FOUND, errorMessage: `${none}carol` },
      { user: 'alice', errorCode: ErrorCode.DUPLICATE_RESOURCE, errorMessage: twice },
      { user: 'bob', errorCode: ErrorCode.RESOURCE_NOT_FOUND, errorMessage: `${none}bob` },
    ],
  });
});
