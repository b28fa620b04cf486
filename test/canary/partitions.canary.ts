import { expect, test } from 'vitest';
import { memoryHeld } from '../server/bad-input/memory.js';
import type { Attack } from './attack.js';
import {
  partitionAttacks,
  WIDEST,
  WIDEST_PARTITIONS,
  widestDeletion,
} from './attacks/partitions.js';
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
  for (const attack of partitionAttacks(count)) await counted(world, attack);
  // Half of them for the canary, and half for the memory, which takes collections to be seen.
  const half = Math.ceil(made.length / 2);
  await counted(world, widestDeletion(made.slice(0, half)));
  const rest = widestDeletion(made.slice(half));
  const taken = await memoryTaken(world, rest);
  console.log(`the second deletion took ${(taken / 2 ** 20).toFixed(0)} MiB at most`);
  expect(taken).toBeLessThan((rest.elementsMin / 2) * DELETION_BYTES_MAX);
});

/**
 * Bytes of heap and buffers that were held at a time in the course of an attack, beyond those held
 * before; garbage, of which there is as much as the collector likes, does not count. Looked at
 * whenever another eighth of its elements is done.
 */
async function memoryTaken(world: CountedWorld, attack: Attack): Promise<number> {
  const { attacker, meter } = world;
  const before = memoryHeld();
  // The canary has waited for the garbage to be collected; its next answer counts.
  await attacker.call('DescribeCluster', 0, { includeClusterAuthorizedOperations: false });
  const step = attack.elementsMin / 8;
  let next = meter.total.elements;
  let most = 0;
  const timer = setInterval(() => {
    if (meter.total.elements < next) return;
    next = meter.total.elements + step;
    const { heapBytes, bufferBytes } = memoryHeld();
    most = Math.max(most, heapBytes + bufferBytes - before.heapBytes - before.bufferBytes);
  }, 5);
  try {
    await counted(world, attack);
  } finally {
    clearInterval(timer);
  }
  return most;
}
