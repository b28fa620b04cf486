import type { WorkGate } from '../../engine/index.js';
import { CloseConnection, type ConnectionInfo } from '../net/dispatcher.js';
import type { InProgress } from '../net/receiving/requests-in-progress.js';

/** The fields of a request that its gate needs. */
interface Counted {
  readonly connection: ConnectionInfo;
  readonly elements: number;
  inProgress: InProgress | null;
}

/**
 * Counts the elements that a request which only reads looks at, since its answer is made from them:
 * a request of 25 bytes can ask for all topics. A request that turns out to be large counts as a
 * large one, and waits where large ones wait; it is given up when its client is gone.
 */
export class AnswerGate implements WorkGate {
  readonly #request: Counted;
  #elements: number;
  #entering: Promise<void> | null = null;

  constructor(request: Counted) {
    this.#request = request;
    this.#elements = request.elements;
  }

  did(elements: number): Promise<void> | null {
    const { connection, inProgress } = this.#request;
    this.#elements += elements;
    if (inProgress === null) {
      this.#entering ??= this.#enter();
      return this.#entering;
    }
    inProgress.add(elements);
    return connection.isGone ? Promise.reject(gone()) : null;
  }

  #enter(): Promise<void> | null {
    const { connection } = this.#request;
    const entered = connection.enterLarge(this.#elements);
    if (!(entered instanceof Promise)) {
      this.#request.inProgress = entered;
      return null;
    }
    return entered.then((inProgress) => {
      this.#request.inProgress = inProgress;
      if (connection.isGone) throw gone();
    });
  }
}

function gone(): CloseConnection {
  return new CloseConnection('the client is gone');
}
