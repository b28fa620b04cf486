import { monitorEventLoopDelay } from 'node:perf_hooks';
import { expect, onTestFinished } from 'vitest';
import { LIMITS } from '../../engine/limits.js';
import type { WorkKind } from '../../engine/turn-slices.js';
import { SERVER_LIMITS } from '../../server/limits.js';
import { type AttackedBroker, startAttackedBroker } from '../server/bad-input/attacked-broker.js';
import { TurnMeter } from '../support/turn-meter.js';
import type { Attack, World } from './attack.js';
import { Canary } from './canary.js';

/**
 * What one turn may do: its allowance, the half that short requests may add, and the steps that
 * were under way when it was used up, which report what they did all the same. A step of records or
 * bytes is at most half an allowance.
 */
export const TURN_BOUND: Readonly<Record<WorkKind, number>> = {
  elements:
    (1 + LIMITS.turnShortShareMax) * LIMITS.turnElementsMax + SERVER_LIMITS.partitionsOpenedAtOnce,
  records: 2 * LIMITS.turnRecordsMax,
  bytes: 2 * LIMITS.turnBytesMax,
};

const KINDS = ['elements', 'records', 'bytes'] as const;

export interface CountedWorld extends World {
  readonly broker: AttackedBroker;
  readonly canary: Canary;
  readonly meter: TurnMeter;
}

/** A broker whose turns are counted, an attacker, and a canary, which end with the running test. */
export async function startCounted(): Promise<CountedWorld> {
  const meter = new TurnMeter();
  onTestFinished(() => meter.stop());
  const broker = await startAttackedBroker({ meter });
  const attacker = await broker.connect();
  const canary = new Canary(await broker.connect());
  onTestFinished(() => canary.stop());
  return { broker, attacker, canary, meter };
}

/** Looks without progress, 30 ms apart, after which work that is not done is taken for stuck. */
const LOOKS_MAX = 400;

/**
 * Resolves when `elementsMin` were counted and nothing is counted any more: some work goes on
 * behind the answer, and may stand still for a while, for the disk or for a collection of garbage.
 */
async function settled({ total }: TurnMeter, elementsMin: number): Promise<void> {
  let before = -1;
  for (let looks = 0; looks < (total.elements < elementsMin ? LOOKS_MAX : 2); looks++) {
    if (before < total.elements + total.records) looks = 0;
    before = total.elements + total.records;
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}

/**
 * Runs an attack, prints what it did and how the canary fared, and fails where a turn did too much.
 */
export async function counted<W extends World>(
  world: W & CountedWorld,
  attack: Attack<W>,
): Promise<void> {
  const { meter, canary } = world;
  for (const kind of KINDS) meter.most[kind] = 0;
  const before = meter.total.elements;
  canary.begin();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const beganMs = performance.now();
  await attack.run(world);
  const tookMs = performance.now() - beganMs;
  await settled(meter, before + attack.elementsMin);
  delay.disable();
  const { elements, records, bytes } = meter.most;
  const seen = meter.total.elements - before;
  console.log(
    `${attack.what}: ${tookMs.toFixed(0)} ms, ${seen} elements; ` +
      `a turn: ${elements} elements, ${records} records, ${bytes} bytes; ` +
      `canary: ${canary.end()}; event loop: ${(delay.max / 1e6).toFixed(0)} ms at most`,
  );
  expect
    .soft(seen, `elements counted of ${attack.what}`)
    .toBeGreaterThanOrEqual(attack.elementsMin);
  const bound = { ...TURN_BOUND };
  bound.elements += attack.stepElements ?? 0;
  for (const kind of KINDS) {
    expect
      .soft(meter.most[kind], `${kind} of one turn in ${attack.what}`)
      .toBeLessThanOrEqual(bound[kind]);
  }
}
