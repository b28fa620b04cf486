import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Gets the bytes of a connection, chunk by chunk, before they are passed on. */
export interface ConnectionTap {
  toBroker(chunk: Buffer): void;
  toClient(chunk: Buffer): void;
}

/**
 * The address that clients know. It stays when the broker behind it is killed and comes back on
 * another port: until then a connection is accepted and closed.
 */
export class Relay {
  /** Port of the broker, null while there is none. */
  target: number | null = null;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #tap: (() => ConnectionTap) | null;

  private constructor(tap: (() => ConnectionTap) | null) {
    this.#tap = tap;
    this.#server = createServer({ noDelay: true }, (client) => this.#accept(client));
  }

  /** @param tap called once a connection */
  static async open(tap: (() => ConnectionTap) | null): Promise<Relay> {
    const relay = new Relay(tap);
    relay.#server.listen(0, 'localhost');
    await once(relay.#server, 'listening');
    return relay;
  }

  /** `localhost:port`. */
  get address(): string {
    return `localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await once(this.#server, 'close');
  }

  #accept(client: Socket): void {
    if (this.target === null) {
      client.destroy();
      return;
    }
    const broker = connect({ host: 'localhost', port: this.target, noDelay: true });
    for (const socket of [client, broker]) {
      this.#sockets.add(socket);
      // Each side's end is the other's; an error has no more to say than that.
      socket.on('error', () => {});
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        broker.destroy();
      });
    }
    const tap = this.#tap?.();
    if (tap !== undefined) {
      client.on('data', (chunk) => tap.toBroker(chunk));
      broker.on('data', (chunk) => tap.toClient(chunk));
    }
    client.pipe(broker).pipe(client);
  }
}
