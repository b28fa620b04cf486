import type { TurnSlices } from '../../../engine/index.js';
import { SERVER_LIMITS } from '../../limits.js';
import type { Member } from './group.js';

/**
 * One program, as far as the broker can tell its connections from those of other programs: by its
 * address and its client id. A member and the fetches for it need not share a connection: kafkajs
 * and the Java client have one for each.
 */
export type ClientKey = string;

/** `clientHost` in the form that members are described with; `clientId` is empty for none. */
export function clientKey(clientHost: string, clientId: string): ClientKey {
  return `${clientHost} ${clientId}`;
}

/**
 * The clients that rebalances wait for. Some of them (kafkajs) send no heartbeat as long as a fetch
 * waits, and so would not hear of the rebalance. Therefore their waiting fetches are answered when
 * it begins, and the next ones soon: a heartbeat may not be due yet. A client that sends heartbeats
 * independently of fetches just fetches again.
 */
export class RebalanceCalls {
  readonly #onCall: (client: ClientKey) => void;
  readonly #slices: TurnSlices;
  /** Number of calls by client: a client may be a member of several groups. */
  readonly #counts = new Map<ClientKey, number>();

  /**
   * `onCall` must end the requests that wait on behalf of the client. It must not change a group.
   */
  constructor(onCall: (client: ClientKey) => void, slices: TurnSlices) {
    this.#onCall = onCall;
    this.#slices = slices;
  }

  /** Calls the clients of those members that have not joined, until the call is ended. */
  begin(members: Iterable<Called>): RebalanceCall {
    const call = new RebalanceCall(
      (client) => {
        this.#counts.set(client, (this.#counts.get(client) ?? 0) + 1);
        this.#onCall(client);
      },
      (client) => {
        const count = this.#counts.get(client) ?? 0;
        if (count > 1) this.#counts.set(client, count - 1);
        else this.#counts.delete(client);
      },
      this.#slices,
    );
    void call.begin(members);
    return call;
  }

  /** The time that a fetch of that client may wait, if it asks for `waitMs`. */
  waitMs(client: ClientKey, waitMs: number): number {
    return this.#counts.has(client) ? Math.min(waitMs, SERVER_LIMITS.calledWaitMs) : waitMs;
  }
}

/** The fields of a member that a call needs. */
export type Called = Pick<Member, 'joining' | 'clientHost' | 'clientId'>;

/**
 * The clients that one rebalance waits for. Only a few of them are called, or released, at once.
 */
export class RebalanceCall {
  readonly #call: (client: ClientKey) => void;
  readonly #letBe: (client: ClientKey) => void;
  readonly #slices: TurnSlices;
  readonly #clients = new Set<ClientKey>();
  #isOver = false;

  constructor(
    call: (client: ClientKey) => void,
    letBe: (client: ClientKey) => void,
    slices: TurnSlices,
  ) {
    this.#call = call;
    this.#letBe = letBe;
    this.#slices = slices;
  }

  /**
   * Resolves when all were called, or the call is over. A member that joins meanwhile is not
   * called.
   */
  async begin(members: Iterable<Called>): Promise<void> {
    const work = this.#slices.begin();
    for (const { joining, clientHost, clientId } of members) {
      if (joining === null) this.#add(clientKey(clientHost, clientId));
      const pause = work.did(1);
      if (pause === null) continue;
      await pause;
      if (this.#isOver) return;
    }
  }

  #add(client: ClientKey): void {
    if (this.#clients.has(client)) return;
    this.#clients.add(client);
    this.#call(client);
  }

  /**
   * Ends the call. Resolves when the clients' fetches may wait as long as they ask for again. Call
   * it once.
   */
  async end(): Promise<void> {
    this.#isOver = true;
    const work = this.#slices.begin();
    for (const client of this.#clients) {
      this.#letBe(client);
      const pause = work.did(1);
      if (pause !== null) await pause;
    }
  }
}
