import type { ServerLimits } from '../limits.js';

/** Which limit a connection met. */
export interface ConnectionRefusal {
  /** Kafka's name of the setting. */
  readonly setting: 'max.connections' | 'max.connections.per.ip';
  readonly limit: number;
}

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

  /** Takes a slot for a connection from `address`; else returns the limit that leaves none. */
  take(address: string): ConnectionRefusal | null {
    const { connectionsMax, connectionsPerIpMax } = this.#limits;
    const count = this.#perAddress.get(address) ?? 0;
    if (this.#total >= connectionsMax) return { setting: 'max.connections', limit: connectionsMax };
    if (count >= connectionsPerIpMax) {
      return { setting: 'max.connections.per.ip', limit: connectionsPerIpMax };
    }
    this.#perAddress.set(address, count + 1);
    this.#total += 1;
    return null;
  }

  /** Gives a slot back. */
  give(address: string): void {
    const count = this.#perAddress.get(address) ?? 0;
    if (count > 1) this.#perAddress.set(address, count - 1);
    else this.#perAddress.delete(address);
    this.#total -= 1;
  }
}
