import {
  createServer,
  Socket as NetSocket,
  connect as netConnect,
  type OnReadOpts,
  type Server,
} from 'node:net';
import { type AcceptNow, acceptWaiting, socketOfFd } from './accept-waiting.js';
import type { HandleRefs } from './handle-refs.js';
import type { ConnectOptions, ListenOptions, Network, NetworkListener, Socket } from './network.js';
import { NodeSocket, type SendFile, type SendNow } from './node-socket.js';

export interface NodeNetworkOptions {
  /** sendfile(2), or null where there is none; slices are then read and written. */
  readonly sendFile: SendFile | null;
  /** send(2), or null or left out where there is none; Node's way is taken then. */
  readonly sendNow?: SendNow | null;
  /**
   * accept4(2) without waiting, or null or left out where there is none; one connection is accepted
   * in a turn then.
   */
  readonly acceptNow?: AcceptNow | null;
  /** Decides whether servers and accepted sockets keep the process alive. Default: they do. */
  readonly refs?: HandleRefs | undefined;
  /** Size of the space that all sockets receive into. */
  readonly scratchBytes: number;
  /**
   * `direct` lets the kernel write into our own buffers, and falls back to `stream` where Node's
   * internals are not the known ones. `stream` takes Node's chunks. Default: direct.
   */
  readonly receive?: 'direct' | 'stream';
}

/** The parts of an accepted connection that Node does not document. */
interface AcceptedInternals {
  _handle: { useUserBuffer?: unknown } | null;
  server: Server | null;
  _server: Server | null;
}

/** TCP by Node. */
export function nodeNetwork(options: NodeNetworkOptions): Network {
  const newSocket = (): NodeSocket => new NodeSocket(options.sendFile, options.sendNow ?? null);
  const direct = options.receive !== 'stream';
  // Every read is parsed before the next one starts, so all sockets share it.
  const scratch = direct ? Buffer.allocUnsafeSlow(options.scratchBytes) : null;

  const { refs } = options;
  const keep = (raw: NetSocket): void => {
    if (refs === undefined) return;
    refs.add(raw);
    raw.once('close', () => refs.delete(raw));
  };

  const adopt = (accepted: NetSocket): Socket => {
    const socket = newSocket();
    const raw = scratch && rewrap(accepted, socket.onread(scratch));
    keep(raw ?? accepted);
    return raw ? socket.attach(raw, 'onread') : socket.attach(accepted, 'stream');
  };

  const { acceptNow } = options;

  return {
    listen: (listenOptions) => {
      const { onSocket } = listenOptions;
      return listen(listenOptions, refs, (accepted, server) => {
        if (isReset(accepted)) accepted.destroy();
        else onSocket(adopt(accepted));
        if (!acceptNow || !scratch) return;
        acceptWaiting(server, acceptNow, (fd) => {
          const socket = newSocket();
          const raw = socketOfFd(fd, server, socket.onread(scratch));
          keep(raw);
          if (isReset(raw)) raw.destroy();
          else onSocket(socket.attach(raw, 'onread'));
        });
      });
    },
    connect: (connectOptions) => connect(connectOptions, scratch, newSocket()),
  };
}

/**
 * Moves an accepted connection into a socket that reads by `onread`, which Node offers for
 * connections that we make but not for those that we accept. Null if the internals are missing; the
 * accepted socket is then as it was.
 */
function rewrap(accepted: NetSocket, onread: OnReadOpts): NetSocket | null {
  const internals = accepted as unknown as AcceptedInternals;
  const { _handle: handle, _server: server } = internals;
  if (typeof handle?.useUserBuffer !== 'function' || !server || !('server' in internals)) {
    return null;
  }
  internals._handle = null;
  internals.server = null;
  internals._server = null;
  const options = { handle, allowHalfOpen: true, onread };
  const socket = new NetSocket(options);
  // By these two fields the server counts its connections down, and `close()` waits for that.
  return Object.assign(socket, { server, _server: server });
}

/** A connection can be reset between the kernel's queue and here; it has no address then. */
function isReset(accepted: NetSocket): boolean {
  return accepted.remoteAddress === undefined;
}

function listen(
  options: ListenOptions,
  refs: HandleRefs | undefined,
  onAccepted: (accepted: NetSocket, server: Server) => void,
): Promise<NetworkListener> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true });
  refs?.add(server);
  server.once('close', () => refs?.delete(server));
  server.on('connection', (accepted) => onAccepted(accepted, server));
  const { promise, resolve, reject } = withResolvers<NetworkListener>();
  server.once('error', reject);
  server.listen(
    { ...(options.host === '' ? {} : { host: options.host }), port: options.port },
    () => {
      server.off('error', reject);
      // Failures to accept (EMFILE) are retried by libuv; the listener goes on.
      server.on('error', () => {});
      const address = server.address();
      const port = address !== null && typeof address === 'object' ? address.port : options.port;
      resolve({
        host: options.host,
        port,
        close: () => new Promise((closed) => void server.close(() => closed())),
      });
    },
  );
  return promise;
}

function connect(
  options: ConnectOptions,
  scratch: Buffer | null,
  socket: NodeSocket,
): Promise<Socket> {
  const { host, port, timeoutMs } = options;
  const { promise, resolve, reject } = withResolvers<Socket>();
  const target = { host, port, noDelay: true, allowHalfOpen: true };
  const raw = netConnect(scratch ? { ...target, onread: socket.onread(scratch) } : target);
  const timer =
    timeoutMs === undefined ? null : setTimeout(() => raw.destroy(timedOut(options)), timeoutMs);
  raw.once('error', reject);
  raw.once('close', () => timer && clearTimeout(timer));
  raw.once('connect', () => {
    if (timer) clearTimeout(timer);
    raw.off('error', reject);
    resolve(socket.attach(raw, scratch ? 'onread' : 'stream'));
  });
  return promise;
}

function timedOut({ host, port, timeoutMs }: ConnectOptions): Error {
  const error = new Error(`connecting to ${host}:${port} took more than ${timeoutMs} ms`);
  return Object.assign(error, { code: 'ETIMEDOUT' });
}

function withResolvers<T>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
} {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}
