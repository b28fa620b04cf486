import type { ServerLimits } from '../limits.js';

/** Counts the connections of a broker, over all its listeners, in all and per address. */
export class ConnectionSlots {
  readonly #limits: ServerLimits;
  readonly #perAddress = new Map<string, number>();
  #total = 0;

  constructor(limits: ServerLimits) {
    this.#limits = limits;
  }

  get total(): number {
    return this.#total;
  }

  /** Takes a slot for a connection from `address`; false if there is none left. */
  take(address: string): boolean {
    const count = this.#perAddress.get(address) ?? 0;
    if (this.#total >= this.#limits.connectionsMax) return false;
    if (count >= this.#limits.connectionsPerIpMax) return false;
    this.#perAddress.set(address, count + 1);
    this.#total += 1;
    return true;
  }

  /** Gives a slot back. */
  give(address: string): void {
    const count = this.#perAddress.get(address) ?? 0;
    if (count > 1) this.#perAddress.set(address, count - 1);
    else this.#perAddress.delete(address);
    this.#total -= 1;
  }
}
