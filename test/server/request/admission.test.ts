import { describe, expect, test } from 'vitest';
import { buildBatchSync } from '../../../engine/batch/builder.js';
import { APIS } from '../../../server/handlers/apis.js';
import { CloseConnection } from '../../../server/net/dispatcher.js';
import { ApiError } from '../../../server/protocol/api-error.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import { decodeResponse } from '../../../server/protocol/frame.js';
import type { Authorizer, Quota, RequestOutcome } from '../../../server/request/admission.js';
import {
  batchOf,
  joined,
  type MemoryBroker,
  memoryBroker,
  produceOf,
  requestFrame,
  TestConnection,
} from '../../support/memory-broker.js';
import { newWorld, openWorld } from '../../support/sim-engine.js';

const NO_TRANSACTION = { transactionalId: null, transactionTimeoutMs: 0 };

describe('the authorizer', () => {
  test('is told who asks, what the API asks for, and the request', async () => {
    const seen: unknown[] = [];
    const authorizer: Authorizer = {
      authorize: ({ principal, apiName }, asks, request) =>
        void seen.push([principal, apiName, asks, request]),
    };
    const broker = await memoryBroker({ authorizer });
    const alice = new TestConnection();
    alice.principal = 'User:alice';
    await broker.call('InitProducerId', 0, NO_TRANSACTION, alice);
    await broker.call('DeleteGroups', 0, { groupsNames: ['g'] });
    expect(seen).toMatchObject([
      [
        'User:alice',
        'InitProducerId',
        [
          { operation: 'write', resource: 'transactionalId' },
          {
            operation: 'idempotentWrite',
            resource: 'cluster',
            or: { operation: 'write', resource: 'topic' },
          },
        ],
        { transactionalId: null },
      ],
      [
        'User:ANONYMOUS',
        'DeleteGroups',
        [{ operation: 'delete', resource: 'group' }],
        { groupsNames: ['g'] },
      ],
    ]);
  });

  test('refuses a request before its handler and the quota see it', async () => {
    const charged: string[] = [];
    const broker = await memoryBroker({
      authorizer: {
        authorize: ({ apiName }, asks) => {
          if (apiName === 'Produce') throw new CloseConnection('not for you');
          if (asks.some(({ resource }) => resource === 'cluster')) {
            throw new ApiError('CLUSTER_AUTHORIZATION_FAILED', 'not for you');
          }
        },
      },
      quota: { throttleMs: ({ apiName }) => charged.push(apiName) * 0 },
    });
    const answer = await broker.call('InitProducerId', 0, NO_TRANSACTION);
    expect(answer.errorCode).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
    const frame = requestFrame('Produce', 9, produceOf('t', batchOf(['x'])));
    await expect(broker.dispatcher.dispatch(frame, broker.connection)).rejects.toThrow(
      'not for you',
    );
    await broker.call('ListOffsets', 5, { replicaId: -1, topics: [] });
    expect(charged).toEqual(['ListOffsets']);
    expect(broker.lines).toEqual([]);
  });

  test('that fails is a defect of ours, which is logged and answered', async () => {
    const broker = await memoryBroker({
      authorizer: {
        authorize: () => {
          throw new TypeError('a bug');
        },
      },
    });
    const answer = await broker.call('InitProducerId', 0, NO_TRANSACTION);
    expect(answer.errorCode).toBe(ErrorCode.UNKNOWN_SERVER_ERROR);
    expect(broker.lines.map(({ level }) => level)).toEqual(['error']);
  });
});

describe('a produce that was refused with an error which clients retry', () => {
  const sequenced = (baseSequence: number): Buffer =>
    buildBatchSync([{ key: null, value: 'v', timestamp: Date.UTC(2026, 0, 1) }], {
      producerId: 5,
      producerEpoch: 0,
      baseSequence,
    });

  async function produce(broker: MemoryBroker, sequence: number): Promise<number> {
    const request = produceOf('t', sequenced(sequence));
    return (await broker.call('Produce', 9, request)).topics[0]!.partitions[0]!.errorCode;
  }

  test.each([
    ['by the authorizer', (refuse: () => never) => ({ authorizer: { authorize: refuse } })],
    ['by the quota', (refuse: () => never) => ({ quota: { throttleMs: refuse } })],
  ])('%s comes before those that were sent behind it', async (_, refusing) => {
    let refused: ApiError | null = null;
    const refuse = (): never => {
      const error = refused;
      refused = null;
      if (error !== null) throw error;
      return 0 as never;
    };
    const host = await openWorld(newWorld());
    const broker = await memoryBroker({ host, ...refusing(refuse) });
    await broker.createTopic('t');
    refused = new ApiError('NOT_LEADER_OR_FOLLOWER', 'for a moment');
    expect(await produce(broker, 0)).toBe(ErrorCode.NOT_LEADER_OR_FOLLOWER);
    expect(await produce(broker, 1)).toBe(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    expect([await produce(broker, 0), await produce(broker, 1)]).toEqual([0, 0]);
  });

  test('holds up no client where clients do not retry', async () => {
    let refused: ApiError | null = null;
    const host = await openWorld(newWorld());
    const broker = await memoryBroker({
      host,
      authorizer: {
        authorize: () => {
          if (refused !== null) throw refused;
        },
      },
    });
    await broker.createTopic('t');
    refused = new ApiError('TOPIC_AUTHORIZATION_FAILED', 'not for you');
    expect(await produce(broker, 0)).toBe(ErrorCode.TOPIC_AUTHORIZATION_FAILED);
    refused = null;
    expect(await produce(broker, 1)).toBe(ErrorCode.NONE);
  });
});

describe('the quota', () => {
  const throttling = (ms: number): Quota => ({
    throttleMs: ({ apiName }) => (apiName === 'CreateTopics' ? 0 : ms),
  });

  test('has the answer say how long, and the connection muted for it', async () => {
    const broker = await memoryBroker({ quota: throttling(250) });
    await broker.createTopic('t');
    expect(broker.connection.mutedMs).toEqual([]);
    const answer = await broker.call('Metadata', 12, { topics: null });
    expect(answer.throttleTimeMs).toBe(250);
    expect(answer.topics.map(({ name }) => name)).toEqual(['t']);
    expect(broker.connection.mutedMs).toEqual([250]);
  });

  test('mutes where the answer has no place for it, or there is none', async () => {
    const broker = await memoryBroker({ quota: throttling(250) });
    await broker.createTopic('t');
    const old = requestFrame('Metadata', 1, { topics: null });
    const parts = await broker.dispatcher.dispatch(old, broker.connection);
    const { body } = decodeResponse(APIS.Metadata, 1, joined(parts!).subarray(4));
    expect(body).toMatchObject({ topics: [{ name: 't' }] });
    const silent = requestFrame('Produce', 9, produceOf('t', batchOf(['x']), { acks: 0 }));
    expect(await broker.dispatcher.dispatch(silent, broker.connection)).toBeNull();
    expect(broker.connection.mutedMs).toEqual([250, 250]);
  });

  test('counts for an answer that is encoded in slices', async () => {
    const broker = await memoryBroker({ quota: throttling(40) });
    await broker.createTopic('t', 3_000);
    const answer = await broker.call('Metadata', 12, { topics: null });
    expect(answer.topics[0]!.partitions).toHaveLength(3_000);
    expect(answer.throttleTimeMs).toBe(40);
    expect(broker.connection.mutedMs).toEqual([40]);
  });
});

describe('counting', () => {
  test('sees how every request ended, refused ones too', async () => {
    const outcomes: [string, RequestOutcome['kind']][] = [];
    const broker = await memoryBroker({
      authorizer: {
        authorize: ({ apiName }) => {
          if (apiName === 'InitProducerId') {
            throw new ApiError('CLUSTER_AUTHORIZATION_FAILED', 'not for you');
          }
        },
      },
    });
    const { requestCounters } = broker;
    const count = requestCounters.count.bind(requestCounters);
    requestCounters.count = (context, outcome) => {
      outcomes.push([context.apiName, outcome.kind]);
      count(context, outcome);
    };
    await broker.createTopic('t');
    const frame = requestFrame('Produce', 9, produceOf('t', batchOf(['x']), { acks: 0 }));
    await broker.dispatcher.dispatch(frame, broker.connection);
    const bad = requestFrame('Produce', 9, produceOf('u', batchOf(['x']), { acks: 0 }));
    await expect(broker.dispatcher.dispatch(bad, broker.connection)).rejects.toThrow();
    await broker.call('InitProducerId', 0, NO_TRANSACTION);
    expect(outcomes).toEqual([
      ['CreateTopics', 'answered'],
      ['Produce', 'silent'],
      ['Produce', 'closed'],
      ['InitProducerId', 'answered'],
    ]);
    const { byApi } = requestCounters;
    expect(byApi.get('Produce')).toMatchObject({ requests: 2, closed: 1, failed: 0 });
    expect(byApi.get('CreateTopics')?.responseBytes).toBeGreaterThan(0);
  });
});
