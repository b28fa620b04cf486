import type { TurnSlices, Work } from '../../../engine/index.js';
import { Fifo } from '../../net/fifo.js';

interface Item {
  readonly cost: number;
  readonly run: () => void;
}

/**
 * A queue of actions, as many in one turn of the event loop as its allowance lets through. A cheap
 * action at the front of the queue is done at once.
 */
export class SlicedQueue {
  readonly #slices: TurnSlices;
  readonly #items = new Fifo<Item>();
  /** The work of the queued actions; a new one when the queue was empty. */
  #work: Work;
  #isResting = false;

  constructor(slices: TurnSlices) {
    this.#slices = slices;
    this.#work = slices.begin();
  }

  /** Counts work that this turn has done already: queued actions wait if it was too much. */
  did(cost: number): void {
    this.#rest(this.#work.did(cost));
  }

  /**
   * `cost`: what `run` looks at, in elements. It is called within this call, or in a later turn.
   */
  add(cost: number, run: () => void): void {
    const isFirst = this.#items.length === 0;
    this.#items.push({ cost, run });
    if (this.#isResting) return;
    if (isFirst) this.#work = this.#slices.begin();
    // Other work may have used up this turn.
    this.#rest(this.#work.did(0));
    this.#goOn();
  }

  #goOn(): void {
    for (let item = this.#items.peek(); item !== undefined; item = this.#items.peek()) {
      if (this.#isResting) return;
      this.#items.drop();
      item.run();
      this.#rest(this.#work.did(item.cost));
    }
  }

  #rest(pause: Promise<void> | null): void {
    if (pause === null) return;
    this.#isResting = true;
    void pause.then(() => {
      this.#isResting = false;
      this.#goOn();
    });
  }
}
