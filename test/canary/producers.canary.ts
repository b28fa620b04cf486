import { test } from 'vitest';
import { COMPACTED, PLAIN, PRODUCER_ATTACKS, WRITTEN } from './attacks/producers.js';
import { counted, startCounted } from './counted.js';

test('no turn does more than one and a half allowances and the steps under way, whatever producers send', async () => {
  const world = await startCounted();
  await world.broker.createTopic(WRITTEN);
  await world.broker.createTopic(PLAIN);
  await world.broker.createTopic(COMPACTED, { 'cleanup.policy': 'compact' });
  for (const attack of PRODUCER_ATTACKS) await counted(world, attack);
});
