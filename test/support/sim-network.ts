import { constants } from 'node:os';

import type { Clock } from '../../engine/clock.js';
import type { Random } from '../../engine/random.js';
import type {
  ConnectOptions,
  ListenOptions,
  Network,
  NetworkListener,
  Socket,
  SocketHandler,
} from '../../server/net/transport/network.js';

export interface SimNetworkOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Largest piece that arrives at once, in bytes. Pieces are of random size up to it. */
  readonly pieceBytesMax?: number;
  /** Longest way of a piece, in milliseconds; each takes a random time up to it, in order. */
  readonly delayMsMax?: number;
  /** Bytes on their way and unread per direction, before a writer has to wait. */
  readonly windowBytes?: number;
}

/** A network in memory: everything that happens follows from the clock and the seed. */
export class SimNetwork implements Network {
  readonly options: Required<SimNetworkOptions>;
  readonly #listeners = new Map<string, ListenOptions>();
  readonly sockets = new Set<SimSocket>();
  #lastPort = 40_000;

  constructor(options: SimNetworkOptions) {
    this.options = { pieceBytesMax: 1000, delayMsMax: 5, windowBytes: 64 * 1024, ...options };
  }

  async listen(options: ListenOptions): Promise<NetworkListener> {
    const port = options.port === 0 ? ++this.#lastPort : options.port;
    const key = `${options.host}:${port}`;
    if (this.#listeners.has(key)) throw errno('EADDRINUSE', key);
    this.#listeners.set(key, options);
    const accepted: SimSocket[] = [];
    this.#accepted.set(key, accepted);
    return {
      host: options.host,
      port,
      close: async () => {
        this.#listeners.delete(key);
        await Promise.all(accepted.map((socket) => socket.closed));
      },
    };
  }

  readonly #accepted = new Map<string, SimSocket[]>();

  async connect({ host, port }: ConnectOptions): Promise<SimSocket> {
    const key = `${host}:${port}`;
    const listener = this.#listeners.get(key);
    if (!listener) throw errno('ECONNREFUSED', key);
    const here = { address: '127.0.0.1', port: ++this.#lastPort };
    const there = { address: host, port };
    const client = new SimSocket(this, here, there);
    const server = new SimSocket(this, there, here);
    client.join(server);
    this.#accepted.get(key)!.push(server);
    listener.onSocket(server);
    return client;
  }
}

interface End {
  readonly address: string;
  readonly port: number;
}

/** One side of a simulated connection. */
export class SimSocket implements Socket {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Set to simulate sendfile: reads file bytes by descriptor. */
  readFile: ((fd: number, position: number, count: number) => Buffer) | null = null;
  readonly closed: Promise<void>;
  sentBytes = 0;
  readonly #network: SimNetwork;
  #resolveClosed!: () => void;
  #peer!: SimSocket;
  #handler: SocketHandler | null = null;
  /** Written, not taken by the window. */
  #queue: Buffer[] = [];
  queuedBytes = 0;
  /** On the way to us, or arrived and unread, as the peer's window sees it. */
  #windowUsed = 0;
  #arrived: Buffer[] = [];
  #lastArrivalMs = 0;
  #paused = false;
  #ended = false;
  #endSent = false;
  #peerEnded = false;
  #endTold = false;
  #gone = false;

  constructor(network: SimNetwork, local: End, remote: End) {
    this.#network = network;
    this.localAddress = local.address;
    this.localPort = local.port;
    this.remoteAddress = remote.address;
    this.remotePort = remote.port;
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    network.sockets.add(this);
  }

  join(peer: SimSocket): void {
    this.#peer = peer;
    peer.#peer = this;
  }

  get sendFile(): Socket['sendFile'] {
    const { readFile } = this;
    if (!readFile) return null;
    return (fd, position, count) => {
      if (this.#gone) return -constants.errno.EBADF;
      if (this.queuedBytes > 0) throw new Error('sendFile while bytes are queued');
      const room = Math.min(count, this.#network.options.windowBytes - this.#peer.#windowUsed);
      if (room <= 0) return -constants.errno.EAGAIN;
      const bytes = readFile(fd, position, room);
      this.#transmit(bytes);
      return bytes.length;
    };
  }

  setHandler(handler: SocketHandler): void {
    this.#handler = handler;
  }

  write(buffers: readonly Buffer[]): boolean {
    if (this.#gone || this.#ended) return true;
    for (const buffer of buffers) {
      this.#queue.push(buffer);
      this.queuedBytes += buffer.length;
    }
    this.#pump(false);
    return this.queuedBytes === 0;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#later(0, () => this.#deliver());
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#pump(false);
  }

  destroy(): void {
    if (this.#gone) return;
    // As in TCP: unread bytes, or an end that was not sent, turn the close into a reset.
    const reset = this.#windowUsed > 0 || !this.#endSent || this.queuedBytes > 0;
    this.#vanish(null);
    if (reset) this.#later(this.#travelMs(), () => this.#peer.reset());
  }

  /** The connection breaks on this side. */
  reset(): void {
    if (this.#gone) return;
    this.#vanish(errno('ECONNRESET', `${this.remoteAddress}:${this.remotePort}`));
  }

  #vanish(error: Error | null): void {
    this.#gone = true;
    this.#queue = [];
    this.queuedBytes = 0;
    this.#arrived = [];
    this.#network.sockets.delete(this);
    this.#later(0, () => {
      this.#handler?.onClose(error);
      this.#resolveClosed();
    });
  }

  /** Moves queued bytes onto the way, as the window allows. */
  #pump(tellDrain: boolean): void {
    if (this.#gone) return;
    const { pieceBytesMax, windowBytes, random } = this.#network.options;
    const wasQueued = this.queuedBytes > 0;
    while (this.#queue.length > 0) {
      const room = windowBytes - this.#peer.#windowUsed;
      if (room <= 0) return;
      const head = this.#queue[0]!;
      const count = Math.min(head.length, room, 1 + Math.floor(random.next() * pieceBytesMax));
      if (count === head.length) this.#queue.shift();
      else this.#queue[0] = head.subarray(count);
      this.queuedBytes -= count;
      this.#transmit(Buffer.from(head.subarray(0, count)));
    }
    if (tellDrain && wasQueued) this.#handler?.onDrain();
    if (this.#ended && !this.#endSent && this.queuedBytes === 0) {
      this.#endSent = true;
      this.#arriveAt(() => this.#peer.#takeEnd());
      this.#closeIfDone();
    }
  }

  #transmit(bytes: Buffer): void {
    const peer = this.#peer;
    this.sentBytes += bytes.length;
    peer.#windowUsed += bytes.length;
    this.#arriveAt(() => {
      if (peer.#gone) {
        this.reset();
        return;
      }
      peer.#arrived.push(bytes);
      peer.#deliver();
    });
  }

  /** Runs `run` after a random way, never overtaking what was sent before. */
  #arriveAt(run: () => void): void {
    const nowMs = this.#network.options.clock.monotonicMs();
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, nowMs + this.#travelMs());
    this.#later(this.#lastArrivalMs - nowMs, run);
  }

  #takeEnd(): void {
    this.#peerEnded = true;
    this.#deliver();
  }

  #deliver(): void {
    while (!this.#paused && !this.#gone && this.#arrived.length > 0) {
      const piece = this.#arrived.shift()!;
      const into = this.#handler!.receiveInto();
      const count = into ? Math.min(into.length, piece.length) : piece.length;
      if (count < piece.length) this.#arrived.unshift(piece.subarray(count));
      // What lies in no buffer of the handler's is spoilt after the call, as a shared scratch is.
      const chunk = into ? into.subarray(0, count) : Buffer.alloc(count);
      piece.copy(chunk, 0, 0, count);
      this.#windowUsed -= count;
      this.#handler!.onData(chunk);
      if (!into) chunk.fill(0xee);
      this.#later(0, () => this.#peer.#pump(true));
    }
    if (this.#peerEnded && !this.#endTold && !this.#paused && !this.#gone) {
      if (this.#arrived.length > 0) return;
      this.#endTold = true;
      this.#handler!.onEnd();
      this.#closeIfDone();
    }
  }

  #closeIfDone(): void {
    if (this.#endSent && this.#endTold && !this.#gone) this.#vanish(null);
  }

  #travelMs(): number {
    const { random, delayMsMax } = this.#network.options;
    return Math.floor(random.next() * delayMsMax);
  }

  #later(delayMs: number, run: () => void): void {
    this.#network.options.clock.schedule(delayMs, run);
  }
}

function errno(code: string, what: string): Error {
  return Object.assign(new Error(`${code} ${what}`), { code });
}
