import { expect, test } from 'vitest';
import { ErrorCode } from '../../../../server/protocol/error-codes.js';
import { memoryBroker } from '../../../support/memory-broker.js';

test('a transactional producer is refused, with one line however often it tries', async () => {
  const broker = await memoryBroker();
  for (let attempt = 0; attempt < 50; attempt++) {
    const answer = await broker.call('InitProducerId', 4, {
      transactionalId: 'payments-1',
      transactionTimeoutMs: 60_000,
    });
    expect(answer.errorCode).toBe(ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED);
  }
  const refusals = broker.lines.filter(({ message }) => message.includes('transactional'));
  expect(refusals).toEqual([
    {
      level: 'warn',
      fields: { client: '127.0.0.1', clientId: 'tester', transactionalId: 'payments-1' },
      message:
        'a transactional producer was refused: there are no transactions yet; without transactional.id it is an idempotent one',
    },
  ]);
});

test('an idempotent producer gets an id, and no line', async () => {
  const broker = await memoryBroker();
  const request = { transactionalId: null, transactionTimeoutMs: 60_000 };
  expect(await broker.call('InitProducerId', 4, request)).toMatchObject({ errorCode: 0 });
  expect(broker.lines).toEqual([]);
});
