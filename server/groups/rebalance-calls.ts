import { SERVER_LIMITS } from '../limits.js';

/**
 * One program, as far as the broker can tell its connections from those of others: where it is, and what it calls itself. A member and the
 * fetches that are made for it need not share a connection: kafkajs and the Java client have one for each.
 */
export type ClientKey = string;

/** `clientHost` in the form that members are described with; `clientId` is empty for none. */
export function clientKey(clientHost: string, clientId: string): ClientKey {
  return `${clientHost} ${clientId}`;
}

/**
 * The clients that rebalances wait for. Some of them (kafkajs) send no heartbeat as long as a fetch waits, and so would not hear of the
 * rebalance. Therefore their waiting fetches are answered when it begins, and the next ones soon: a heartbeat may not be due
 * yet. A client that heartbeats by itself fetches anew, and that is all.
 */
export class RebalanceCalls {
  readonly #onCall: (client: ClientKey) => void;
  /** Calls by client: it may be a member of several groups. */
  readonly #counts = new Map<ClientKey, number>();

  /** `onCall` is to end what waits on behalf of the client. It must not change a group. */
  constructor(onCall: (client: ClientKey) => void) {
    this.#onCall = onCall;
  }

  /** Calls each client until `end` has been called with it. */
  begin(clients: ReadonlySet<ClientKey>): void {
    for (const client of clients) {
      this.#counts.set(client, (this.#counts.get(client) ?? 0) + 1);
      this.#onCall(client);
    }
  }

  end(clients: ReadonlySet<ClientKey>): void {
    for (const client of clients) {
      const count = this.#counts.get(client) ?? 0;
      if (count > 1) this.#counts.set(client, count - 1);
      else this.#counts.delete(client);
    }
  }

  /** How long a fetch of that client may wait, if it asks for `waitMs`. */
  waitMs(client: ClientKey, waitMs: number): number {
    return this.#counts.has(client) ? Math.min(waitMs, SERVER_LIMITS.calledWaitMs) : waitMs;
  }
}
