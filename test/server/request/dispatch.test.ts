import { describe, expect, test } from 'vitest';
import { AssertionError } from '../../../engine/index.js';
import { APIS } from '../../../server/handlers/apis.js';
import { CloseConnection } from '../../../server/net/dispatcher.js';
import type { InProgress } from '../../../server/net/receiving/requests-in-progress.js';
import { ApiError } from '../../../server/protocol/api-error.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import { decodeResponse } from '../../../server/protocol/frame.js';
import {
  batchOf,
  fetchOf,
  joined,
  memoryBroker,
  produceOf,
  requestFrame,
  type TestConnection,
  turns,
} from '../../support/memory-broker.js';

function header(apiKey: number, apiVersion: number, correlationId = 7): Buffer {
  const frame = Buffer.alloc(8);
  frame.writeInt16BE(apiKey, 0);
  frame.writeInt16BE(apiVersion, 2);
  frame.writeInt32BE(correlationId, 4);
  return frame;
}

describe('requests that cannot be read', () => {
  test.each([
    ['an unknown API key', header(999, 0)],
    ['a negative API key', header(-1, 0)],
    ['a version above ours', header(3, 13)],
    ['a version below ours', header(1, 3)],
    ['Produce 0 to 2, which are advertised only', header(0, 2)],
    ['ApiVersions with a negative version', header(18, -1)],
    ['fewer than eight bytes', Buffer.alloc(5)],
    [
      'a body that ends too early',
      requestFrame('Fetch', 12, fetchOf({ name: 't' }, [{}])).subarray(0, -9),
    ],
  ])('%s closes the connection and leaves one line', async (_name, frame) => {
    const broker = await memoryBroker();
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(broker.dispatcher.dispatch(frame, broker.connection)).rejects.toThrow(
        CloseConnection,
      );
    }
    expect(broker.lines.map(({ level }) => level)).toEqual(['warn']);
  });
});

describe('ApiVersions', () => {
  test('a version above ours is answered in the layout of version 0 with our range, whatever follows the header', async () => {
    const broker = await memoryBroker();
    for (const tail of [Buffer.alloc(0), Buffer.from('no body that anyone could read')]) {
      const frame = Buffer.concat([header(18, 6, 1234), tail]);
      const parts = await broker.dispatcher.dispatch(frame, broker.connection);
      const bytes = joined(parts!);
      expect(bytes.toString('hex')).toBe(
        '00000010' + '000004d2' + '0023' + '00000001' + '0012' + '0000' + '0005',
      );
    }
  });

  test('names every table with its range, Produce from 0 on', async () => {
    const broker = await memoryBroker();
    const answer = await broker.call('ApiVersions', 0, {});
    expect(answer.apiKeys).toHaveLength(Object.keys(APIS).length);
    const ranges = new Map(
      answer.apiKeys.map((each) => [each.apiKey, [each.minVersion, each.maxVersion]]),
    );
    expect(ranges.get(0)).toEqual([0, 11]);
    expect(ranges.get(1)).toEqual([4, 17]);
    expect(ranges.get(18)).toEqual([0, 5]);
    expect(ranges.has(24)).toBe(false);
  });

  test('keeps what the client says of itself, and refuses other characters', async () => {
    const broker = await memoryBroker();
    const good = await broker.call('ApiVersions', 3, {
      clientSoftwareName: 'apache-kafka.java',
      clientSoftwareVersion: '4.3.1',
    });
    expect(good.errorCode).toBe(0);
    expect(broker.connection.clientSoftware).toEqual({
      name: 'apache-kafka.java',
      version: '4.3.1',
    });
    for (const name of ['', '-x', 'x-', 'a b', 'ä', `x${'y'.repeat(400)}`, 'x\ny']) {
      const answer = await broker.call('ApiVersions', 4, {
        clientSoftwareName: name,
        clientSoftwareVersion: '1',
      });
      expect(answer.errorCode).toBe(ErrorCode.INVALID_REQUEST);
    }
    expect(broker.connection.clientSoftware?.name).toBe('apache-kafka.java');
  });
});

describe('ApiVersions of a client that says whom it means (KIP-1242)', () => {
  const software = { clientSoftwareName: 'x', clientSoftwareVersion: '1' };

  test('answers a client that means this broker, and one that does not know', async () => {
    const broker = await memoryBroker();
    const { clusterId } = broker.metadata.image;
    for (const meant of [{}, { clusterId }, { nodeId: 1 }, { clusterId, nodeId: 1 }]) {
      const { errorCode } = await broker.call('ApiVersions', 5, { ...software, ...meant });
      expect(errorCode).toBe(0);
    }
  });

  test('tells one that means another broker, or another cluster, to start over', async () => {
    const broker = await memoryBroker();
    const { clusterId } = broker.metadata.image;
    for (const meant of [
      { clusterId: 'another', nodeId: 1 },
      { clusterId, nodeId: 2 },
    ]) {
      const answer = await broker.call('ApiVersions', 5, { ...software, ...meant });
      expect(answer).toMatchObject({ errorCode: ErrorCode.REBOOTSTRAP_REQUIRED, apiKeys: [] });
      const before = await broker.call('ApiVersions', 4, software);
      expect(before.errorCode).toBe(0);
    }
  });
});

describe('modes', () => {
  test('only what may overlap is pipelined', async () => {
    const { dispatcher } = await memoryBroker();
    const pipelined = Object.values(APIS).filter(
      ({ key }) => dispatcher.mode(header(key, 0)) === 'pipelined',
    );
    expect(pipelined.map(({ name }) => name).sort()).toEqual([
      'ApiVersions',
      'Fetch',
      'Heartbeat',
      'JoinGroup',
      'LeaveGroup',
      'OffsetCommit',
      'Produce',
      'SyncGroup',
    ]);
    expect(dispatcher.mode(header(999, 0))).toBe('alone');
  });
});

describe('failures of our own', () => {
  test('are logged with the client escaped by the logger, and answered', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t');
    broker.engine.log('t').readError = new TypeError('a bug');
    const answer = await broker.call('Fetch', 12, fetchOf({ name: 't' }, [{}]));
    const failed = { partitions: [{ errorCode: ErrorCode.UNKNOWN_SERVER_ERROR }] };
    expect(answer).toMatchObject({ errorCode: 0, topics: [failed] });
    expect(broker.lines).toHaveLength(1);
    expect(broker.lines[0]).toMatchObject({
      level: 'error',
      fields: { api: 'Fetch', clientId: 'tester' },
    });
  });

  test('close the connection of a producer, which sends the same again', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t');
    broker.engine.log('t').append = async () => {
      throw new TypeError('a bug');
    };
    const frame = requestFrame('Produce', 9, produceOf('t', batchOf(['x'])));
    await expect(broker.dispatcher.dispatch(frame, broker.connection)).rejects.toThrow(
      CloseConnection,
    );
    expect(broker.lines).toHaveLength(1);
  });

  test('a broken invariant ends the process and nothing else does', async () => {
    const crashes: Error[] = [];
    const broker = await memoryBroker({ crash: (error) => crashes.push(error) });
    await broker.createTopic('t');
    const log = broker.engine.log('t');
    log.readError = new AssertionError('impossible');
    const frame = requestFrame('Fetch', 12, fetchOf({ name: 't' }, [{}]));
    await expect(broker.dispatcher.dispatch(frame, broker.connection)).rejects.toThrow(
      AssertionError,
    );
    expect(crashes).toHaveLength(1);
    log.readError = new Error('only a bug');
    await broker.dispatcher.dispatch(frame, broker.connection);
    expect(crashes).toHaveLength(1);
  });
});

test('the correlation id of the answer is that of the request', async () => {
  const broker = await memoryBroker();
  const frame = requestFrame('Metadata', 12, { topics: [] }, 0x7fffffff);
  const parts = await broker.dispatcher.dispatch(frame, broker.connection);
  expect(decodeResponse(APIS.Metadata, 12, joined(parts!).subarray(4)).correlationId).toBe(
    0x7fffffff,
  );
});

describe('elements in progress', () => {
  const asked = { topics: [{ name: 'missing' }], allowAutoTopicCreation: false };

  test.each([
    ['answered', null],
    ['refused', () => Promise.reject(new ApiError('CLUSTER_AUTHORIZATION_FAILED', 'no'))],
    ['closed', () => Promise.reject(new CloseConnection('no'))],
  ])('are told at the beginning and taken back when the request is %s', async (_how, refuse) => {
    let seen = 0;
    const broker = await memoryBroker({
      hooks: [
        {
          before: ({ connection }) => {
            seen = (connection as TestConnection).elementsInProgress;
            if (refuse !== null) throw refusal;
          },
        },
      ],
    });
    const refusal = await Promise.resolve(refuse?.()).catch((error: unknown) => error);
    const frame = requestFrame('Metadata', 12, asked);
    await broker.dispatcher.dispatch(frame, broker.connection).catch(() => {});
    expect(seen).toBeGreaterThan(0);
    expect(broker.dispatcher.hasElements(frame, seen)).toBe(true);
    expect(broker.dispatcher.hasElements(frame, seen + 1)).toBe(false);
    expect(broker.connection.elementsInProgress).toBe(0);
  });

  test('of what cannot be read are none', async () => {
    const broker = await memoryBroker();
    expect(broker.dispatcher.hasElements(header(999, 0), 1)).toBe(false);
    expect(broker.dispatcher.hasElements(header(3, 12), 1)).toBe(false);
  });

  test('of a fetch are taken back when it begins to wait', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t');
    const fetch = fetchOf({ name: 't' }, [{}], { maxWaitMs: 500 });
    const answer = broker.call('Fetch', 12, fetch);
    await expect.poll(() => broker.delayed.keyCount).toBe(2);
    expect(broker.connection.elementsInProgress).toBe(0);
    broker.clock.advance(500);
    await answer;
  });
});

test('a long answer for a client that is gone is not encoded', async () => {
  const broker = await memoryBroker();
  const topics = Array.from({ length: 300 }, (_, at) => ({
    name: `t${at}`,
    numPartitions: 1,
    replicationFactor: 1,
    assignments: [],
    configs: [],
  }));
  const frame = requestFrame('CreateTopics', 7, { topics, validateOnly: true });
  expect(joined((await broker.dispatcher.dispatch(frame, broker.connection))!)).not.toHaveLength(0);
  broker.connection.isGone = true;
  expect(await broker.dispatcher.dispatch(frame, broker.connection)).toBeNull();
});

describe('25 bytes that ask for all topics', () => {
  const frame = requestFrame('Metadata', 12, { topics: null });

  test('count for what is looked at, from the moment on that it is much', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t', 5_000);
    const answer = broker.dispatcher.dispatch(frame, broker.connection);
    let most = 0;
    for (let turn = 0; turn < 10; turn++) {
      await turns(1);
      most = Math.max(most, broker.connection.elementsInProgress);
    }
    expect(most).toBeGreaterThan(1_000);
    await answer;
    expect(broker.connection.elementsInProgress).toBe(0);
  });

  test('wait in the middle where large requests wait', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t', 5_000);
    let mayGoOn = (): void => {};
    const enter = broker.connection.enterLarge.bind(broker.connection);
    broker.connection.enterLarge = (elements) =>
      elements < 1_000
        ? null
        : new Promise((resolve) => {
            mayGoOn = () => resolve(enter(elements) as InProgress);
          });
    let isAnswered = false;
    const answer = broker.dispatcher.dispatch(frame, broker.connection).then(() => {
      isAnswered = true;
    });
    await turns(50);
    expect(isAnswered).toBe(false);
    mayGoOn();
    await answer;
    expect(broker.connection.elementsInProgress).toBe(0);
  });

  test('are given up when their client is gone', async () => {
    const broker = await memoryBroker();
    await broker.createTopic('t', 5_000);
    const answer = broker.dispatcher.dispatch(frame, broker.connection);
    await turns(3);
    broker.connection.isGone = true;
    await expect(answer).rejects.toThrow('the client is gone');
    expect(broker.connection.elementsInProgress).toBe(0);
  });
});
