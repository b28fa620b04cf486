import { expect, test } from 'vitest';
import { ErrorCode } from '../../../../server/protocol/error-codes.js';
import { memoryBroker } from '../../../support/memory-broker.js';

const ANY = 2;

function ofTypes(...types: string[]) {
  const components = types.map((entityType) => ({ entityType, matchType: ANY, match: null }));
  return { components, strict: false };
}

test.each([0, 1])('version %i says that there are no quotas', async (version) => {
  const broker = await memoryBroker();
  for (const body of [ofTypes(), ofTypes('user'), ofTypes('user', 'client-id'), ofTypes('ip')]) {
    const answer = await broker.call('DescribeClientQuotas', version, body);
    expect(answer).toMatchObject({ errorCode: ErrorCode.NONE, entries: [] });
  }
});

test('a type that is named twice is refused, and one that is not known, as by Kafka', async () => {
  const broker = await memoryBroker();
  const twice = await broker.call('DescribeClientQuotas', 1, ofTypes('user', 'user'));
  expect(twice).toMatchObject({ errorCode: ErrorCode.INVALID_REQUEST, entries: null });
  const unknown = await broker.call('DescribeClientQuotas', 1, ofTypes('broker'));
  expect(unknown).toMatchObject({ errorCode: ErrorCode.UNSUPPORTED_VERSION, entries: null });
});
