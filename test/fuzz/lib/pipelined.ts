import type { Life, Target } from './target.js';

/** Inputs that are under way together: what waits for a thread should not wait alone. */
const AT_ONCE = 32;

/** A target whose inputs change nothing, and are answered in a later turn. */
export function pipelined(
  name: string,
  make: Life['make'],
  feed: (input: Buffer) => Promise<unknown>,
): Target {
  return { name, inputsPerLife: 1_024, isStateless: true, begin: () => new Pipeline(make, feed) };
}

class Pipeline implements Life {
  readonly make: Life['make'];
  readonly #feed: (input: Buffer) => Promise<unknown>;
  #running: Promise<unknown>[] = [];

  constructor(make: Life['make'], feed: (input: Buffer) => Promise<unknown>) {
    this.make = make;
    this.#feed = feed;
  }

  feed(input: Buffer): Promise<void> | undefined {
    this.#running.push(this.#feed(input));
    return this.#running.length < AT_ONCE ? undefined : this.end();
  }

  async end(): Promise<void> {
    const running = this.#running;
    this.#running = [];
    const outcomes = await Promise.allSettled(running);
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }
}
