import type { TurnSlices } from '../../../engine/index.js';
import type { ConnectionInfo } from '../../net/dispatcher.js';

/** One connection that ids were given to. */
interface Watched<G> {
  readonly ids: Map<string, G>;
  stopListening: () => void;
}

/**
 * Which connections the member ids were given to that have not been used so far (KIP-394). One
 * listener a connection, however many ids it asks for.
 */
export class PendingConnections<G> {
  readonly #slices: TurnSlices;
  readonly #onLost: (group: G, memberId: string) => void;
  readonly #byConnection = new Map<ConnectionInfo, Watched<G>>();
  readonly #byId = new Map<string, ConnectionInfo>();

  /** `onLost` is called for each id whose connection closes; within `watch` if it has already. */
  constructor(slices: TurnSlices, onLost: (group: G, memberId: string) => void) {
    this.#slices = slices;
    this.#onLost = onLost;
  }

  watch(memberId: string, group: G, connection: ConnectionInfo): void {
    this.#byId.set(memberId, connection);
    const present = this.#byConnection.get(connection);
    if (present !== undefined) {
      present.ids.set(memberId, group);
      return;
    }
    const watched: Watched<G> = { ids: new Map([[memberId, group]]), stopListening: () => {} };
    this.#byConnection.set(connection, watched);
    watched.stopListening = connection.onClose(() => void this.#lose(connection, watched));
    // It may have been closed before.
    if (this.#byConnection.get(connection) !== watched) watched.stopListening();
  }

  /** Nothing is called for the id any more. */
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

  async #lose(connection: ConnectionInfo, { ids }: Watched<G>): Promise<void> {
    this.#byConnection.delete(connection);
    const work = this.#slices.begin();
    for (const [memberId, group] of ids) {
      // It may have been used by another connection meanwhile.
      if (!this.#byId.delete(memberId)) continue;
      this.#onLost(group, memberId);
      const pause = work.did(1);
      if (pause !== null) await pause;
    }
  }
}
