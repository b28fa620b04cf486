import { test } from 'vitest';
import {
  COMMITTED,
  COMMITTED_PARTITIONS,
  GROUP_ATTACKS,
  type GroupWorld,
  joinGroups,
} from './attacks/groups.js';
import { creationOf } from './attacks/topics.js';
import { type CountedWorld, counted, startCounted } from './counted.js';

/** A connection may have a thousand requests unanswered. */
const CONNECTIONS = 12;

test('no turn does more than one and a half allowances and the steps under way, whatever a request asks of groups', async () => {
  const started = await startCounted();
  const { broker, attacker } = started;
  await attacker.call('CreateTopics', 7, creationOf([COMMITTED], COMMITTED_PARTITIONS));
  await attacker.call('FindCoordinator', 0, { key: 'any' });
  const connect = () => Promise.all(Array.from({ length: CONNECTIONS }, () => broker.connect()));
  const world: GroupWorld & CountedWorld = {
    ...started,
    members: await connect(),
    only: [],
    reconnect: async () => {
      for (const member of world.members) member.close();
      world.members = await connect();
    },
  };
  await joinGroups(world);
  for (const attack of GROUP_ATTACKS) await counted(world, attack);
});
