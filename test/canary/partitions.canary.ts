import { test } from 'vitest';
import { partitionAttacks, WIDEST, WIDEST_PARTITIONS } from './attacks/partitions.js';
import { creationOf } from './attacks/topics.js';
import { counted, startCounted } from './counted.js';

/** A slow machine makes fewer partitions, and says how many. */
const MAKING_MS_MAX = 60_000;

test('no turn does more than one and a half allowances and the steps under way, however many partitions there are', async () => {
  const world = await startCounted();
  const beganMs = performance.now();
  const made: string[] = [];
  for (const name of WIDEST) {
    if (performance.now() - beganMs > MAKING_MS_MAX) break;
    await counted(world, {
      api: 'CreateTopics',
      what: `CreateTopics 7 of ${WIDEST_PARTITIONS} partitions`,
      elementsMin: WIDEST_PARTITIONS,
      run: ({ attacker }) =>
        attacker.call('CreateTopics', 7, creationOf([name], WIDEST_PARTITIONS)),
    });
    made.push(name);
  }
  const count = made.length * WIDEST_PARTITIONS;
  console.log(`${count} partitions were made`);
  for (const attack of partitionAttacks(count)) await counted(world, attack);
});
