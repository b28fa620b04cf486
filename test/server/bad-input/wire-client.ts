import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { APIS, type ApiName } from '../../../server/handlers/apis.js';
import { FrameParser } from '../../../server/net/receiving/framing.js';
import { decodeResponse, encodeRequest } from '../../../server/protocol/frame.js';
import type { InputOf, ValueOf } from '../../../server/protocol/schema.js';

export type Body<N extends ApiName> = InputOf<(typeof APIS)[N]['request']>;
export type Answer<N extends ApiName> = ValueOf<(typeof APIS)[N]['response']>;

/**
 * A client that says whatever a test wants it to, and tells what comes back and how the connection
 * ends.
 */
export class WireClient {
  readonly socket: Socket;
  /** Resolves when the connection is gone, whichever side ended it. */
  readonly closed: Promise<void>;
  readonly #frames: Buffer[] = [];
  #isClosed = false;
  #wake: (() => void) | null = null;
  #lastCorrelationId = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
    const parser = new FrameParser({
      sizeMin: 4,
      sizeMax: 2 ** 31 - 1,
      allocateAtOnceBytes: 1024 * 1024,
    });
    socket.on('data', (chunk: Buffer) => {
      parser.push(chunk, (frame) => this.#frames.push(frame));
      this.#wake?.();
    });
    // A reset is one of the ways in which connections end here.
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.on('close', () => {
        this.#isClosed = true;
        this.#wake?.();
        resolve();
      });
    });
  }

  static async connect(port: number): Promise<WireClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new WireClient(socket);
  }

  /** Bytes as they are. Resolves when the kernel has taken them. */
  async write(bytes: Uint8Array): Promise<void> {
    if (!this.socket.write(bytes) && !this.#isClosed) {
      await Promise.race([once(this.socket, 'drain'), this.closed]);
    }
  }

  /** A request, whose answer `next` will give. */
  send<N extends ApiName>(name: N, version: number, body: Body<N>, clientId = 'bad'): void {
    this.socket.write(requestOf(name, version, body, ++this.#lastCorrelationId, clientId));
  }

  async call<N extends ApiName>(name: N, version: number, body: Body<N>): Promise<Answer<N>> {
    this.send(name, version, body);
    return this.next(name, version);
  }

  /** The next answer. Rejects if the connection ends first. */
  async next<N extends ApiName>(name: N, version: number): Promise<Answer<N>> {
    const frame = await this.nextFrame();
    if (frame === null) throw new Error(`the connection was closed before ${name} was answered`);
    return decodeResponse(APIS[name], version, frame).body as Answer<N>;
  }

  /** The next frame without its prefix, or null at the end of the connection. */
  async nextFrame(): Promise<Buffer | null> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      if (this.#isClosed) return null;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.socket.destroy();
  }
}

/** A request with its size prefix. */
export function requestOf<N extends ApiName>(
  name: N,
  version: number,
  body: Body<N>,
  correlationId = 1,
  clientId: string | null = 'bad',
): Buffer {
  return encodeRequest(APIS[name], version, correlationId, clientId, body as never);
}

/** A frame with its prefix around anything. */
export function framed(...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  return Buffer.concat([int32(body.length), body]);
}

/** The header that every request has (version 1), without a size prefix. */
export function headerOf(apiKey: number, apiVersion: number, clientId = 'bad'): Buffer {
  return Buffer.concat([
    int16(apiKey),
    int16(apiVersion),
    int32(7),
    int16(Buffer.byteLength(clientId)),
    Buffer.from(clientId),
  ]);
}

export function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

export function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}
