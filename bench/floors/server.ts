import { createServer, type OnReadOpts, Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** What a floor does with its connections. `fresh` begins a new file. */
export interface Floor {
  onSocket(accepted: Socket): void;
  fresh(): void;
}

/**
 * Runs a floor: says `port N` when it listens, answers each `fresh` on its standard input with
 * `fresh`, ends with it.
 */
export function serveFloor(floor: Floor): void {
  const server = createServer({ pauseOnConnect: true, noDelay: true }, (accepted) =>
    floor.onSocket(accepted),
  );
  server.listen(0, '127.0.0.1', () => {
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    process.stdout.write(`port ${port}\n`);
  });
  createInterface({ input: process.stdin })
    .on('line', () => {
      floor.fresh();
      process.stdout.write('fresh\n');
    })
    .on('close', () => process.exit(0));
}

/**
 * Lets the kernel write into our own buffer, which Node offers only for sockets that we connect
 * ourselves.
 */
export function receiveInto(accepted: Socket, onread: OnReadOpts): Socket {
  const handle = (accepted as unknown as { _handle: unknown })._handle;
  (accepted as unknown as { _handle: unknown })._handle = null;
  const options = { handle, allowHalfOpen: false, onread };
  const socket = new Socket(options);
  socket.on('error', () => socket.destroy());
  return socket;
}

export const REPLY_BYTES = 60;
export const CORRELATION_AT = 8;

/**
 * An answer of nothing but zeros and the correlation id: every broker's answer is at least as
 * large.
 */
export function writeReply(into: Buffer, at: number, correlationId: number): void {
  into.writeInt32BE(REPLY_BYTES - 4, at);
  into.writeInt32BE(correlationId, at + 4);
}
