import type { Socket as NetSocket, OnReadOpts } from 'node:net';
import { constants } from 'node:os';
import { SERVER_LIMITS } from '../../limits.js';
import type { Socket, SocketHandler } from './network.js';

/**
 * sendfile(2): sends up to `count` bytes of `inFd` from `position` on; returns how many went, 0 at
 * the end of the file, or a negative errno.
 */
export type SendFile = (outFd: number, inFd: number, position: number, count: number) => number;

/** send(2) without waiting: how many bytes went, or a negative errno. */
export type SendNow = (outFd: number, bytes: Buffer) => number;

/** The part of a TCP handle that Node does not document. */
interface HandleInternals {
  readonly _handle: { readonly fd?: number; readonly writeQueueSize?: number } | null;
}

/**
 * A socket of Node's. It is made before Node's own socket, because that one asks for its buffer
 * while it is constructed: pass `onread` to Node's socket, then `attach` it. Without `onread`,
 * attach with `stream`.
 */
export class NodeSocket implements Socket {
  localAddress = '';
  localPort = 0;
  remoteAddress = '';
  remotePort = 0;
  readonly sendFile: Socket['sendFile'];
  #raw!: NetSocket;
  readonly #send: SendNow | null;
  #handler: SocketHandler | null = null;
  #error: Error | null = null;
  #closed = false;
  #awaitsDrain = false;
  #handedBytes = 0;
  readonly #onWritten = (): void => {
    if (!this.#awaitsDrain || this.#raw.writableLength > 0 || this.#closed) return;
    this.#awaitsDrain = false;
    this.#handler?.onDrain();
  };

  constructor(sendFile: SendFile | null, sendNow: SendNow | null) {
    this.sendFile =
      sendFile &&
      ((fd, position, count) => this.#handOver((outFd) => sendFile(outFd, fd, position, count)));
    this.#send = sendNow;
  }

  /**
   * The descriptor is asked for at each call: after a close its number may belong to another
   * connection.
   */
  #handOver(send: (outFd: number) => number): number {
    const outFd = (this.#raw as unknown as HandleInternals)._handle?.fd ?? -1;
    if (outFd < 0) return -constants.errno.ENOTCONN;
    const sent = send(outFd);
    if (sent > 0) this.#handedBytes += sent;
    return sent;
  }

  /** Options that make Node read into the handler's own buffer, or else into `scratch`. */
  onread(scratch: Buffer): OnReadOpts {
    return {
      buffer: () => this.#handler?.receiveInto() ?? scratch,
      callback: (count, buffer) => {
        this.#handler!.onData((buffer as Buffer).subarray(0, count));
        return true;
      },
    };
  }

  attach(raw: NetSocket, mode: 'onread' | 'stream'): this {
    this.#raw = raw;
    this.localAddress = plainAddress(raw.localAddress);
    this.localPort = raw.localPort ?? 0;
    this.remoteAddress = plainAddress(raw.remoteAddress);
    this.remotePort = raw.remotePort ?? 0;
    raw.on('error', (error) => {
      this.#error = error;
    });
    raw.on('end', () => this.#handler?.onEnd());
    raw.on('close', () => {
      this.#closed = true;
      this.#handler?.onClose(this.#error);
    });
    if (mode === 'stream') {
      raw.on('data', (chunk: Buffer) => this.#handler!.onData(chunk));
      raw.resume();
    }
    return this;
  }

  setHandler(handler: SocketHandler): void {
    this.#handler = handler;
  }

  write(buffers: readonly Buffer[]): boolean {
    const raw = this.#raw;
    if (!raw.writable) return true;
    let bytes = 0;
    for (const buffer of buffers) bytes += buffer.length;
    if (buffers.length === 1 || bytes <= SERVER_LIMITS.sendGatherBytesMax) {
      const whole = buffers.length === 1 ? buffers[0]! : Buffer.concat(buffers, bytes);
      const sent = this.#sendNow(whole);
      if (sent === bytes) return true;
      this.#handedBytes += bytes - sent;
      raw.write(sent === 0 ? whole : whole.subarray(sent), this.#onWritten);
    } else {
      this.#handedBytes += bytes;
      raw.cork();
      for (const buffer of buffers) raw.write(buffer, this.#onWritten);
      raw.uncork();
    }
    this.#awaitsDrain = raw.writableLength > 0;
    return !this.#awaitsDrain;
  }

  /**
   * Sends what the kernel takes at once, which is mostly all, past Node's streams: they cost more
   * than the call itself. Errors are left to Node.
   */
  #sendNow(bytes: Buffer): number {
    const send = this.#send;
    if (send === null || this.#raw.writableLength > 0) return 0;
    return Math.max(
      0,
      this.#handOver((outFd) => send(outFd, bytes)),
    );
  }

  get queuedBytes(): number {
    return this.#raw.writableLength;
  }

  get sentBytes(): number {
    const queued = this.#raw.writableLength;
    if (queued === 0) return this.#handedBytes;
    // Node counts a chunk whole until all of it is sent; libuv knows how many bytes of it are left.
    const left = (this.#raw as unknown as HandleInternals)._handle?.writeQueueSize ?? queued;
    return this.#handedBytes - Math.min(queued, left);
  }

  pause(): void {
    this.#raw.pause();
  }

  resume(): void {
    this.#raw.resume();
  }

  end(): void {
    this.#raw.end();
  }

  destroy(): void {
    this.#raw.destroy();
  }
}

/** An IPv4 address that came in by an IPv6 socket is shown as the IPv4 address that it is. */
function plainAddress(address: string | undefined): string {
  if (address === undefined) return '';
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
