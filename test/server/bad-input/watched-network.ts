import { sendFile, sendFileAvailable, sendNow } from '../../../engine/index.js';
import { SERVER_LIMITS } from '../../../server/limits.js';
import type { Network, Socket, SocketHandler } from '../../../server/net/transport/network.js';
import { nodeNetwork } from '../../../server/net/transport/node-network.js';

/** What the broker's side of one connection has seen. */
export interface WatchedSocket {
  readonly socket: Socket;
  receivedBytes: number;
  closed: boolean;
}

/**
 * The real network, with an eye on every connection that the broker accepts: so that tests know
 * what has arrived.
 */
export class WatchedNetwork implements Network {
  sockets: WatchedSocket[] = [];
  readonly #network: Network = nodeNetwork({
    sendFile: sendFileAvailable() ? sendFile : null,
    sendNow: sendFileAvailable() ? sendNow : null,
    scratchBytes: SERVER_LIMITS.receiveScratchBytes,
  });
  readonly connect: Network['connect'] = (options) => this.#network.connect(options);
  #waiting: (() => void)[] = [];

  listen(options: Parameters<Network['listen']>[0]): ReturnType<Network['listen']> {
    return this.#network.listen({
      ...options,
      onSocket: (socket) => {
        this.#watch(socket);
        options.onSocket(socket);
        this.#changed();
      },
    });
  }

  /** The broker's side of a connection from this local port. */
  from(port: number): WatchedSocket | undefined {
    return this.sockets.find(({ socket }) => socket.remotePort === port);
  }

  get openCount(): number {
    return this.sockets.filter(({ closed }) => !closed).length;
  }

  forgetClosed(): void {
    this.sockets = this.sockets.filter(({ closed }) => !closed);
  }

  /** Resolves when `reached` says so; it is asked whenever a connection comes, receives or goes. */
  async until(reached: () => boolean): Promise<void> {
    while (!reached()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #watch(socket: Socket): void {
    const watched: WatchedSocket = { socket, receivedBytes: 0, closed: false };
    this.sockets.push(watched);
    const setHandler = socket.setHandler.bind(socket);
    socket.setHandler = (handler: SocketHandler) =>
      setHandler({
        receiveInto: () => handler.receiveInto(),
        onData: (chunk) => {
          handler.onData(chunk);
          watched.receivedBytes += chunk.length;
          this.#changed();
        },
        onEnd: () => handler.onEnd(),
        onDrain: () => handler.onDrain(),
        onClose: (error) => {
          handler.onClose(error);
          watched.closed = true;
          this.#changed();
        },
      });
  }

  #changed(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
