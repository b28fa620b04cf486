import type { ConnectionInfo } from '../../net/dispatcher.js';
import type { Ticket } from './group.js';

interface Waiter<T> {
  readonly resolve: (answer: T) => void;
  stopListening: () => void;
}

/**
 * Requests that wait for their group, by ticket. Each is answered once; a request whose client
 * leaves is given up.
 */
export class WaitingRequests<T> {
  readonly #waiters = new Map<Ticket, Waiter<T>>();

  /**
   * Runs `begin`, which may answer the ticket already. `onLost` is called when the connection
   * closes before that: it must see to an answer. Resolves with the answer.
   */
  wait(
    ticket: Ticket,
    connection: ConnectionInfo,
    begin: () => void,
    onLost: () => void,
  ): Promise<T> {
    return new Promise((resolve) => {
      const waiter: Waiter<T> = { resolve, stopListening: () => {} };
      this.#waiters.set(ticket, waiter);
      begin();
      if (!this.#waiters.has(ticket)) return;
      waiter.stopListening = connection.onClose(onLost);
      // The connection may have been closed before.
      if (!this.#waiters.has(ticket)) waiter.stopListening();
    });
  }

  answer(ticket: Ticket, answer: T): void {
    const waiter = this.#waiters.get(ticket);
    this.#waiters.delete(ticket);
    waiter?.stopListening();
    waiter?.resolve(answer);
  }
}
