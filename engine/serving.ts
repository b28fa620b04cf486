import { EngineError } from './errors.js';

/** Whether a broker serves the logs of an engine: one at a time. */
export class Serving {
  readonly #changed: (refusal: EngineError | null) => void;
  #isServed = false;

  /** `changed` is given why no log is deleted by its name; null when one may be. */
  constructor(changed: (refusal: EngineError | null) => void) {
    this.#changed = changed;
  }

  /** Returns what ends it. Throws DIRECTORY_LOCKED. */
  begin(): () => void {
    this.assertNone('it has one already');
    this.#isServed = true;
    this.#changed(refusal('a client deletes its logs, as topics'));
    return () => {
      this.#isServed = false;
      this.#changed(null);
    };
  }

  /** Throws DIRECTORY_LOCKED where a broker serves; `what` says what that means. */
  assertNone(what: string): void {
    if (this.#isServed) throw refusal(what);
  }
}

function refusal(what: string): EngineError {
  return new EngineError('DIRECTORY_LOCKED', `a broker serves this engine: ${what}`);
}
