import { ErrorCode } from '../../protocol/error-codes.js';
import { DescribeUserScramCredentials } from '../../protocol/messages/describe-user-scram-credentials.js';
import { forEachInSlices, mapInSlices } from '../../request/in-slices.js';
import { handler } from '../handler.js';

/**
 * DescribeUserScramCredentials (KIP-554): no user has any. All users are none; one that is named is
 * RESOURCE_NOT_FOUND, one that is named twice DUPLICATE_RESOURCE, as in Apache Kafka.
 */
export const describeUserScramCredentials = handler(
  DescribeUserScramCredentials,
  { asks: [{ operation: 'describe', resource: 'cluster' }], readsOnly: true },
  () =>
    async ({ work }, { users }) => {
      /** By name, whether it is named more than once. */
      const named = new Map<string, boolean>();
      await forEachInSlices(work, users ?? [], ({ name }) => void named.set(name, named.has(name)));
      const results = await mapInSlices(work, named, ([user, isTwice]) => ({
        user,
        errorCode: isTwice ? ErrorCode.DUPLICATE_RESOURCE : ErrorCode.RESOURCE_NOT_FOUND,
        errorMessage: isTwice
          ? `Cannot describe SCRAM credentials for the same user twice in a single request: ${user}`
          : `Attempt to describe a user credential that does not exist: ${user}`,
        credentialInfos: [],
      }));
      return { errorCode: ErrorCode.NONE, results };
    },
);
