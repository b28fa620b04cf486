import { expect, test } from 'vitest';
import { TurnMeter } from '../../support/turn-meter.js';
import { startAttackedBroker } from '../bad-input/attacked-broker.js';
import { requestOf } from '../bad-input/wire-client.js';

const CONNECTIONS = 4;

const JOIN = {
  groupId: 'g',
  sessionTimeoutMs: 300_000,
  rebalanceTimeoutMs: 300_000,
  memberId: '',
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: Buffer.alloc(4) }],
};

/** Elements that a broker looks at while it stops with `members` waiting members in a group. */
async function stopping(members: number): Promise<number> {
  const meter = new TurnMeter();
  const broker = await startAttackedBroker({ meter });
  const first = await broker.connect();
  await first.call('FindCoordinator', 0, { key: 'g' });
  await first.call('JoinGroup', 3, JOIN);
  const frames = Array.from({ length: members / CONNECTIONS }, () =>
    requestOf('JoinGroup', 3, JOIN),
  );
  for (let n = 0; n < CONNECTIONS; n++) {
    void (await broker.connect()).write(Buffer.concat(frames));
  }
  for (let count = 0; count <= members; ) {
    const { groups } = await first.call('DescribeGroups', 0, { groups: ['g'] });
    count = groups[0]!.members.length;
  }
  const before = meter.total.elements;
  await broker.broker.close({ drainMs: 60_000 });
  meter.stop();
  return meter.total.elements - before;
}

test('a stop looks at each waiting member of a group once, however many there are', async () => {
  const few = await stopping(400);
  const many = await stopping(3_200);
  expect(few).toBeGreaterThanOrEqual(400);
  expect(many).toBeLessThanOrEqual(8.5 * few);
});
