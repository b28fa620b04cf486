import { expect, test } from 'vitest';
import { memoryHeld } from '../server/bad-input/memory.js';
import { partitionAttacks, WIDEST, WIDEST_PARTITIONS } from './attacks/partitions.js';
import { creationOf } from './attacks/topics.js';
import { type CountedWorld, counted, startCounted } from './counted.js';

/** Memory that one partition may take while it is deleted with all others, in bytes. */
const DELETION_BYTES_MAX = 1024;

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
  const attacks = partitionAttacks(count);
  for (const attack of attacks.slice(0, -1)) await counted(world, attack);
  const taken = await memoryTaken(world, () => counted(world, attacks.at(-1)!));
  console.log(`the deletion took ${(taken / 2 ** 20).toFixed(0)} MiB at most`);
  expect(taken).toBeLessThan(count * DELETION_BYTES_MAX);
});

/**
 * Bytes of heap and buffers that were held at a time while `run` ran, beyond those held before.
 */
async function memoryTaken({ attacker }: CountedWorld, run: () => Promise<void>): Promise<number> {
  const before = memoryHeld();
  // The canary has waited for the garbage to be collected; its next answer counts.
  await attacker.call('DescribeCluster', 0, { includeClusterAuthorizedOperations: false });
  let most = 0;
  const timer = setInterval(() => {
    // Without the garbage: how much of that there is says the collector, not the deletion.
    const { heapBytes, bufferBytes } = memoryHeld();
    most = Math.max(most, heapBytes + bufferBytes - before.heapBytes - before.bufferBytes);
  }, 250);
  try {
    await run();
  } finally {
    clearInterval(timer);
  }
  return most;
}
