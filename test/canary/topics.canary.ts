import { test } from 'vitest';
import { creationOf, TOPIC_ATTACKS, TOPICS, WIDE, WIDE_PARTITIONS } from './attacks/topics.js';
import { counted, startCounted } from './counted.js';

test('no turn does more than one and a half allowances and the steps under way, whatever a request names of topics', async () => {
  const world = await startCounted();
  await world.attacker.call('CreateTopics', 7, creationOf(TOPICS, 1));
  await world.attacker.call('CreateTopics', 7, creationOf([WIDE], WIDE_PARTITIONS));
  for (const attack of TOPIC_ATTACKS) await counted(world, attack);
});
