import { seededRandom } from '../../engine/index.js';
import { type Operation, randomOperations, randomSettings } from './operations.js';
import { type Outcome, SequenceRun } from './run-sequence.js';
import { type SeenAs, SimWorld } from './world.js';

/**
 * One sequence on a simulated machine. A difference becomes an error that says how to run it again.
 */
export async function runSeed(
  seed: number,
  seenAs?: SeenAs,
  change: (operations: Operation[]) => Operation[] = (operations) => operations,
): Promise<Outcome> {
  const random = seededRandom(seed);
  const settings = randomSettings(random);
  const operations = change(randomOperations(random));
  const world = new SimWorld(random, seenAs);
  let reached = 0;
  try {
    return await new SequenceRun(world, settings).run(operations, (at) => {
      reached = at;
    });
  } catch (error) {
    throw sequenceError(seed, settings, operations.slice(0, reached + 1), error);
  }
}

export function sequenceError(
  seed: number,
  settings: object,
  operations: readonly Operation[],
  error: unknown,
): Error {
  const list = operations.map((operation, at) => `  ${at}: ${shorten(operation)}`).join('\n');
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new Error(
    `sequence ${seed} differs from the model (ODRADEK_SEED=${seed} runs it again)\nsettings ${JSON.stringify(settings, infinities)}\n${list}\n${text}`,
    { cause: error },
  );
}

function shorten(operation: Operation): string {
  return JSON.stringify(operation, (_key, value: unknown) =>
    typeof value === 'string' && value.length > 20 ? `${value[0]}*${value.length}` : value,
  );
}

function infinities(_key: string, value: unknown): unknown {
  return value === Number.POSITIVE_INFINITY ? 'Infinity' : value;
}
