import type { TurnSlices } from '../../../engine/index.js';
import type { ConnectionInfo } from '../../net/dispatcher.js';

/** One connection that was given member ids. */
interface Watched {
  /** By id, the function that is called when the connection closes. */
  readonly ids: Map<string, () => void>;
  stopListening: () => void;
}

/**
 * The connections that were given member ids which are not used yet (KIP-394). One listener a
 * connection, however many ids it asks for.
 */
export class PendingConnections {
  readonly #slices: TurnSlices;
  readonly #byConnection = new Map<ConnectionInfo, Watched>();
  readonly #byId = new Map<string, ConnectionInfo>();

  constructor(slices: TurnSlices) {
    this.#slices = slices;
  }

  /** `onLost` is called when the connection closes; within this call if it has already. */
  watch(memberId: string, connection: ConnectionInfo, onLost: () => void): void {
    this.#byId.set(memberId, connection);
    const present = this.#byConnection.get(connection);
    if (present !== undefined) {
      present.ids.set(memberId, onLost);
      return;
    }
    const watched: Watched = { ids: new Map([[memberId, onLost]]), stopListening: () => {} };
    this.#byConnection.set(connection, watched);
    watched.stopListening = connection.onClose(() => void this.#lose(connection, watched));
    // The connection may have been closed before.
    if (this.#byConnection.get(connection) !== watched) watched.stopListening();
  }

  /** Ends the watch over the id: nothing is called for it any more. */
  unwatch(memberId: string): void {
    const connection = this.#byId.get(memberId);
    if (connection === undefined) return;
    this.#byId.delete(memberId);
    const watched = this.#byConnection.get(connection);
    if (watched === undefined) return;
    watched.ids.delete(memberId);
    if (watched.ids.size > 0) return;
    this.#byConnection.delete(connection);
    watched.stopListening();
  }

  async #lose(connection: ConnectionInfo, { ids }: Watched): Promise<void> {
    this.#byConnection.delete(connection);
    const work = this.#slices.begin();
    for (const [memberId, onLost] of ids) {
      // Another connection may have used the id meanwhile.
      if (!this.#byId.delete(memberId)) continue;
      onLost();
      const pause = work.did(1);
      if (pause !== null) await pause;
    }
  }
}
