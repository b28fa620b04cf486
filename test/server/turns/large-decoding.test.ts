import { expect, test } from 'vitest';
import { LIMITS } from '../../../engine/limits.js';
import { seededRandom } from '../../../engine/random.js';
import { SERVER_LIMITS } from '../../../server/limits.js';
import { openListener, shareResources } from '../../../server/net/listener.js';
import { decodeResponse } from '../../../server/protocol/frame.js';
import { Produce } from '../../../server/protocol/messages/produce.js';
import { batchOf, memoryBroker, produceOf, requestFrame } from '../../support/memory-broker.js';
import { FrameClient, runUntil } from '../../support/net-fixtures.js';
import { SimNetwork } from '../../support/sim-network.js';
import { TurnMeter } from '../../support/turn-meter.js';

const NAMED = 99_000;

function framed(frame: Buffer): Buffer {
  const prefix = Buffer.alloc(4);
  prefix.writeInt32BE(frame.length);
  return Buffer.concat([prefix, frame]);
}

test('a request of 99,000 names is decoded in slices, and what comes behind it waits for it', async () => {
  const meter = new TurnMeter();
  const broker = await memoryBroker({ meter });
  await broker.createTopic('t');
  const { clock } = broker;
  const sim = new SimNetwork({ clock, random: seededRandom(5), delayMsMax: 0 });
  const { addresses } = await openListener({
    name: 'PLAINTEXT',
    bind: [{ host: 'broker', port: 0 }],
    dispatcher: broker.dispatcher,
    shared: shareResources(sim, clock, SERVER_LIMITS),
  });
  const address = { host: 'broker', port: addresses[0]!.port };
  const client = new FrameClient(await sim.connect(address));
  const other = new FrameClient(await sim.connect(address));
  const large = requestFrame(
    'Produce',
    9,
    {
      ...produceOf('t', null),
      topics: [
        {
          name: 'missing',
          partitions: Array.from({ length: NAMED }, (_, index) => ({ index, records: null })),
        },
        { name: 't', partitions: [{ index: 0, records: batchOf(['first']) }] },
      ],
    },
    1,
  );
  const small = requestFrame('Produce', 9, produceOf('t', batchOf(['second'])), 2);
  client.send(framed(large), framed(small));
  other.send(framed(requestFrame('ApiVersions', 0, {}, 3)));
  meter.most.elements = 0;
  await runUntil(clock, () => other.frames.length === 1);
  expect(client.frames).toHaveLength(0);
  await runUntil(clock, () => client.frames.length === 2);
  expect(client.frames.map((frame) => frame.readInt32BE(0))).toEqual([1, 2]);
  const { topics } = decodeResponse(Produce, 9, client.frames[1]!).body;
  expect(topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, baseOffset: 1 });
  expect(meter.total.elements).toBeGreaterThan(2 * NAMED);
  expect(meter.most.elements).toBeLessThanOrEqual(LIMITS.turnElementsMax + 200);
});

test('a request that cannot be read to its end closes its connection, and is counted no more', async () => {
  const broker = await memoryBroker();
  const topics = Array.from({ length: 5_000 }, (_, at) => ({ name: `t${at}` }));
  const frame = requestFrame('Metadata', 12, { topics }).subarray(0, -100);
  const answer = broker.dispatcher.dispatch(frame, broker.connection);
  expect(broker.connection.elementsInProgress).toBeGreaterThan(5_000);
  await expect(answer).rejects.toThrow('byte');
  expect(broker.connection.elementsInProgress).toBe(0);
});
