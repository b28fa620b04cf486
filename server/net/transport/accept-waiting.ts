import { Socket as NetSocket, type OnReadOpts, type Server } from 'node:net';
import { SERVER_LIMITS } from '../../limits.js';

/**
 * accept4(2) without waiting: the descriptor of a connection that waits at a listener, or a
 * negative errno.
 */
export type AcceptNow = (listenerFd: number) => number;

/** Members of Node's server that are undocumented, or no longer recommended. */
interface ServerInternals {
  readonly _handle: { readonly fd?: number } | null;
  /**
   * The number of connections, which each of them counts down when it closes; `close()` waits for
   * that.
   */
  _connections: number;
}

/**
 * Accepts the connections that wait at `server`, up to `acceptsPerTurnMax`, and calls `onFd` with
 * the descriptor of each, which is the callee's then. libuv accepts one in a turn of the event
 * loop: where a thousand clients come back to a busy broker at once, the last would be served a
 * thousand turns later. Failures are left to libuv, which meets them in the next turn.
 */
export function acceptWaiting(
  server: Server,
  acceptNow: AcceptNow,
  onFd: (fd: number) => void,
): void {
  const listenerFd = (server as unknown as ServerInternals)._handle?.fd ?? -1;
  if (listenerFd < 0) return;
  for (let count = 0; count < SERVER_LIMITS.acceptsPerTurnMax; count++) {
    const fd = acceptNow(listenerFd);
    if (fd < 0) return;
    onFd(fd);
  }
}

/** A socket of Node's for the descriptor of a connection, as if `server` had accepted it. */
export function socketOfFd(fd: number, server: Server, onread: OnReadOpts): NetSocket {
  const options = { fd, allowHalfOpen: true, readable: true, writable: true, onread };
  const socket = new NetSocket(options);
  socket.setNoDelay(true);
  (server as unknown as ServerInternals)._connections += 1;
  return Object.assign(socket, { server, _server: server });
}
