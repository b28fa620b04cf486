import type { TurnSlices } from '../../engine/index.js';
import { SERVER_LIMITS } from '../limits.js';
import type { ConnectionInfo } from '../net/dispatcher.js';
import type { JoinAnswer, SyncAnswer, Ticket } from './classic/group.js';
import { PendingConnections } from './classic/pending-connections.js';
import { SlicedQueue } from './classic/sliced-queue.js';
import { WaitingRequests } from './classic/waiting-requests.js';

/**
 * The waiting requests of members, by ticket, and the connections that were given member ids, for
 * all groups of a broker.
 */
export class MemberRequests {
  readonly joins = new WaitingRequests<JoinAnswer>();
  readonly syncs = new WaitingRequests<SyncAnswer>();
  readonly pending: PendingConnections;
  readonly #lost: SlicedQueue;
  #lastTicket = 0;

  constructor(slices: TurnSlices) {
    this.pending = new PendingConnections(slices);
    this.#lost = new SlicedQueue(slices);
  }

  /**
   * Runs `begin` with a new ticket, which it may have answered already. `onLost` is called when the
   * connection closes before that: it must see to an answer. Resolves with the answer.
   */
  wait<T>(
    requests: WaitingRequests<T>,
    connection: ConnectionInfo,
    begin: (ticket: Ticket) => void,
    onLost: (ticket: Ticket) => void,
  ): Promise<T> {
    const ticket = ++this.#lastTicket;
    // A connection that closes may have a thousand requests waiting.
    const lose = (): void =>
      this.#lost.add(SERVER_LIMITS.memberAnswerElements, () => onLost(ticket));
    return requests.wait(ticket, connection, () => begin(ticket), lose);
  }
}
