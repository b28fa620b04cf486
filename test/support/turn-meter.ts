import type { WorkKind, WorkMeter } from '../../engine/turn-slices.js';

/** Sums the work of each turn of the event loop, from its making until `stop`. */
export class TurnMeter implements WorkMeter {
  /** The most that one turn did. */
  readonly most: Record<WorkKind, number> = { elements: 0, records: 0, bytes: 0 };
  readonly total: Record<WorkKind, number> = { elements: 0, records: 0, bytes: 0 };
  #turn: Record<WorkKind, number> = { elements: 0, records: 0, bytes: 0 };
  #isStopped = false;

  constructor() {
    // Runs in every turn, before immediates that were set later.
    const begin = (): void => {
      this.#turn = { elements: 0, records: 0, bytes: 0 };
      if (!this.#isStopped) setImmediate(begin);
    };
    setImmediate(begin);
  }

  add(kind: WorkKind, amount: number): void {
    this.#turn[kind] += amount;
    this.total[kind] += amount;
    this.most[kind] = Math.max(this.most[kind], this.#turn[kind]);
  }

  stop(): void {
    this.#isStopped = true;
  }
}
