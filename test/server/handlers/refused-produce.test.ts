import { expect, test } from 'vitest';
import { buildBatchSync } from '../../../engine/batch/builder.js';
import type { Engine } from '../../../engine/index.js';
import { SERVER_LIMITS } from '../../../server/limits.js';
import type { LogHost } from '../../../server/partition/partitions.js';
import { ApiError } from '../../../server/protocol/api-error.js';
import { ErrorCode, type ErrorName } from '../../../server/protocol/error-codes.js';
import { type MemoryBroker, memoryBroker, produceOf, turns } from '../../support/memory-broker.js';
import { newWorld, openWorld } from '../../support/sim-engine.js';

interface Answered {
  readonly partitions: readonly { readonly errorCode: number }[];
}

const TIMESTAMP_MS = Date.UTC(2026, 0, 1);

function sequenced(baseSequence: number, producerId = 5): Buffer {
  return buildBatchSync([{ key: null, value: `v${baseSequence}`, timestamp: TIMESTAMP_MS }], {
    producerId,
    producerEpoch: 0,
    baseSequence,
  });
}

async function produce(broker: MemoryBroker, records: Buffer): Promise<string> {
  const { topics } = await broker.call('Produce', 9, produceOf('t', records));
  const { errorCode, baseOffset } = topics[0]!.partitions[0]!;
  const name = Object.entries(ErrorCode).find(([, code]) => code === errorCode)![0] as ErrorName;
  return name === 'NONE' ? `offset ${baseOffset}` : name;
}

/** The batches behind the one that was refused, and then all of them in order. */
async function expectOrder(broker: MemoryBroker): Promise<void> {
  for (const sequence of [1, 2, 3, 4, 5]) {
    expect(await produce(broker, sequenced(sequence))).toBe('OUT_OF_ORDER_SEQUENCE_NUMBER');
  }
  for (const sequence of [0, 1, 2, 3, 4, 5]) {
    expect(await produce(broker, sequenced(sequence))).toBe(`offset ${sequence}`);
  }
}

async function brokerOn(host: (engine: Engine) => LogHost & { readonly leaderEpoch: number }) {
  const world = newWorld();
  const engine = await openWorld(world);
  return { world, broker: await memoryBroker({ host: host(engine) }) };
}

test('a batch that a full disk has refused comes before those that were sent behind it', async () => {
  const { world, broker } = await brokerOn((engine) => engine);
  await broker.createTopic('t');
  world.disk.failNext({ op: 'writevSync', path: /\.log$/, code: 'ENOSPC' });
  expect(await produce(broker, sequenced(0))).toBe('KAFKA_STORAGE_ERROR');
  await expectOrder(broker);
});

test('so does one that came while its log was being opened', async () => {
  let open: () => void = () => {};
  const isOpen = new Promise<void>((resolve) => {
    open = resolve;
  });
  const { broker } = await brokerOn((engine) => ({
    leaderEpoch: engine.leaderEpoch,
    openMany: (count, work) => engine.openMany(count, work),
    closePartition: (name) => engine.closePartition(name),
    deletePartition: (name) => engine.deletePartition(name),
    setAsideStrays: (known) => engine.setAsideStrays(known),
    openPartition: async (name, settings) => {
      await isOpen;
      return engine.openPartition(name, settings);
    },
  }));
  const created = broker.createTopic('t');
  while (broker.metadata.image.topic('t') === undefined) await turns(1);
  for (const sequence of [0, 1]) {
    expect(await produce(broker, sequenced(sequence))).toBe('NOT_LEADER_OR_FOLLOWER');
  }
  for (let id = 100; id < 100 + SERVER_LIMITS.refusedWhileOpeningMax; id++) {
    await produce(broker, sequenced(0, id));
  }
  open();
  await created;
  await expectOrder(broker);
});

test('so does one that came while too few replicas were in sync', async () => {
  const { broker } = await brokerOn((engine) => engine);
  await broker.createTopic('t', 1, { 'min.insync.replicas': '2' });
  expect(await produce(broker, sequenced(0))).toBe('NOT_ENOUGH_REPLICAS');
  await broker.call('IncrementalAlterConfigs', 1, {
    validateOnly: false,
    resources: [
      {
        resourceType: 2,
        resourceName: 't',
        configs: [{ name: 'min.insync.replicas', configOperation: 0, value: '1' }],
      },
    ],
  });
  await expectOrder(broker);
});

test('so does one that was refused behind a long request whose batches had no place yet', async () => {
  const partitions = 2 * SERVER_LIMITS.produceFirstBatchesAtOnceMax;
  const last = partitions - 1;
  const world = newWorld();
  const host = await openWorld(world);
  let produces = 0;
  const broker = await memoryBroker({
    host,
    authorizer: {
      authorize: ({ apiName }) => {
        if (apiName !== 'Produce' || ++produces !== 2) return;
        throw new ApiError('NOT_LEADER_OR_FOLLOWER', 'for a moment');
      },
    },
  });
  await broker.createTopic('t', partitions);
  const codes = async (answer: Promise<{ topics: readonly Answered[] }>): Promise<number[]> => {
    const { topics } = await answer;
    return topics[0]!.partitions.map(({ errorCode }) => errorCode);
  };
  const send = (sequence: number) =>
    codes(broker.call('Produce', 9, produceOf('t', sequenced(sequence), { partition: last })));
  const long = codes(
    broker.call('Produce', 9, {
      acks: -1,
      timeoutMs: 1000,
      topics: [
        {
          name: 't',
          partitions: Array.from({ length: partitions }, (_, index) => ({
            index,
            records: sequenced(0),
          })),
        },
      ],
    }),
  );
  const refused = send(1);
  const behind = send(2);
  expect(await long).toEqual(new Array(partitions).fill(ErrorCode.NONE));
  expect(await refused).toEqual([ErrorCode.NOT_LEADER_OR_FOLLOWER]);
  expect(await behind).toEqual([ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER]);
  expect([await send(1), await send(2)]).toEqual([[0], [0]]);
});
