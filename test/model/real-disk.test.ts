import { expect, test } from 'vitest';
import { seededRandom } from '../../engine/index.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { type Operation, randomOperations, randomSettings } from './operations.js';
import { RealWorld } from './real-world.js';
import { sequenceError } from './run-seed.js';
import { SequenceRun } from './run-sequence.js';

const SEQUENCES = 40;

/** A crash becomes what ran when it came, and a clean reopen. */
function withoutCrashes(operations: readonly Operation[]): Operation[] {
  return operations.flatMap((operation): Operation[] =>
    operation.kind === 'crash'
      ? [{ kind: 'burst', operations: operation.operations }, { kind: 'reopen' }]
      : [operation],
  );
}

test(`${SEQUENCES} random sequences on a real disk with LMDB agree with a naive log in memory`, async () => {
  for (let seed = 1; seed <= SEQUENCES; seed++) {
    const random = seededRandom(seed);
    const settings = randomSettings(random);
    const operations = withoutCrashes(randomOperations(random));
    const run = new SequenceRun(new RealWorld(temporaryFolder(), random), settings);
    try {
      expect(await run.run(operations, () => {})).toBe('agreed');
    } catch (error) {
      throw sequenceError(seed, settings, operations, error);
    }
  }
});
