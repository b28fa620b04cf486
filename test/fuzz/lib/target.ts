import type { FuzzRandom } from './fuzz-random.js';

/**
 * One thing that is fed: a decoder, a file format, an API. Inputs are bytes, so that one that found
 * something can be kept as a file.
 */
export interface Target {
  readonly name: string;
  /** Inputs that share a state; the next begins in a new one. */
  readonly inputsPerLife: number;
  /** Whether an input leaves nothing behind that the next one meets. */
  readonly isStateless: boolean;
  /** A new state. `seed` is all that may be random about it. */
  begin(seed: number): Life | Promise<Life>;
}

export interface Life {
  /** The next input. */
  make(random: FuzzRandom): Buffer;
  /**
   * Feeds an input. Throws (or rejects) where a promise was broken; what the code under test may
   * refuse, and how, is the target's to say.
   */
  feed(input: Buffer): void | Promise<void>;
  /** Resolves when nothing is left running; throws where something was wrong all along. */
  end?(): void | Promise<void>;
}

/** A target of which no input changes anything. */
export function stateless(
  name: string,
  make: (random: FuzzRandom) => Buffer,
  feed: (input: Buffer) => void | Promise<void>,
): Target {
  return { name, inputsPerLife: 1_000, isStateless: true, begin: () => ({ make, feed }) };
}

/** A promise of the code under test that did not hold. */
export class BrokenPromise extends Error {
  override name = 'BrokenPromise';
}
