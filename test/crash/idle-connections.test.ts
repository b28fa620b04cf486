import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { batchOf, topicOf } from '../server/bad-input/attacked-broker.js';
import { WireClient } from '../server/bad-input/wire-client.js';
import { spawnBroker } from '../support/spawn-broker.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const PARTITIONS = 100;
const IDLE = 400;

/** Resolves when it is open, or was closed again. */
async function idleConnection(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  onTestFinished(() => void socket.destroy());
  await Promise.race([once(socket, 'connect'), once(socket, 'close')]);
  return socket;
}

test('idle connections take no descriptor from appends, however many come where few files may be open', async () => {
  const broker = await spawnBroker({
    dataDir: temporaryFolder(),
    set: { listeners: 'PLAINTEXT://127.0.0.1:0' },
    openFilesMax: 256,
  });
  onTestFinished(async () => void (await broker.kill('SIGKILL')));
  const client = await WireClient.connect(broker.port);
  onTestFinished(() => client.close());
  const { topics } = await client.call('CreateTopics', 7, topicOf('t', {}, PARTITIONS));
  expect(topics[0]).toMatchObject({ errorCode: 0 });
  await Promise.all(Array.from({ length: IDLE }, () => idleConnection(broker.port)));
  const answer = await client.call('Produce', 9, {
    acks: -1,
    timeoutMs: 60_000,
    topics: [
      {
        name: 't',
        partitions: Array.from({ length: PARTITIONS }, (_, index) => ({
          index,
          records: batchOf(['the first append of its log']),
        })),
      },
    ],
  });
  const codes = answer.topics[0]!.partitions.map(({ errorCode }) => errorCode);
  expect(codes).toEqual(codes.map(() => 0));
});
