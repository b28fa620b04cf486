import { expect, test } from 'vitest';
import { available } from '../clients/support/tools.js';
import { canMount, NEEDS } from '../support/loop-disk.js';
import { cutPower } from './cuts.js';
import { flipOnce } from './flips.js';
import { killBrokers } from './kills.js';
import { canTrace } from './support/broker-process.js';
import { makeFlipWorld } from './support/flip-world.js';

// A slice of `npm run soak:faults`, with seeds that it does not use.

test('brokers that are killed under load, also at single system calls, lose nothing', async () => {
  const outcome = await killBrokers(900_001, 8, { traces: await canTrace() });
  expect(outcome.wrong).toEqual([]);
  expect(outcome.rounds).toBe(8);
  expect(outcome.records).toBeGreaterThan(100);
}, 300_000);

test('power cuts under a broker under load lose nothing', async () => {
  if (!available('root', canMount(), NEEDS)) return;
  expect(await cutPower(900_002, 2)).toMatchObject({ rounds: 2, wrong: [] });
}, 300_000);

test('flips and truncations of any file are told, mended, or harmless', async () => {
  const world = await makeFlipWorld(900_003);
  for (let index = 0; index < 100; index++) {
    const outcome = await flipOnce(world, 900_003, index);
    expect(outcome).toMatchObject({ wrong: [], untold: 0 });
  }
}, 300_000);
