import type { Clock, Timer } from '../../engine/index.js';
import type { ServerLimits } from '../limits.js';
import { SERVER_LIMITS } from '../limits.js';
import { Connection } from './connection.js';
import { type ConnectionRefusal, ConnectionSlots } from './connection-slots.js';
import type { CloseReason, ConnectionInfo, Dispatcher } from './dispatcher.js';
import { ByteBudget } from './receiving/byte-budget.js';
import { FrameMemory } from './receiving/frame-memory.js';
import { RequestTurns } from './receiving/request-turns.js';
import { FileTurns } from './sending/file-turns.js';
import type { Network, NetworkListener, Socket } from './transport/network.js';
import { portOwner } from './transport/port-owner.js';
import { Turn } from './turn.js';

/**
 * An address to bind. `localhost` is 127.0.0.1 and, where present, ::1, on one port. The empty
 * string is every address.
 */
export interface BindAddress {
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
}

/** The resources that all listeners of a broker share. */
export interface SharedResources {
  readonly network: Network;
  readonly clock: Clock;
  readonly limits: ServerLimits;
  readonly turn: Turn;
  readonly requestTurns: RequestTurns;
  readonly files: FileTurns;
  readonly budget: ByteBudget;
  readonly memory: FrameMemory;
  readonly slots: ConnectionSlots;
  /** Hands out connection ids. */
  nextConnectionId(): number;
}

export interface ListenerOptions {
  readonly name: string;
  /** Either all of these are bound, or none. */
  readonly bind: readonly BindAddress[];
  readonly dispatcher: Dispatcher;
  readonly shared: SharedResources;
  readonly events?: ListenerEvents;
}

/** For logs and counters. */
export interface ListenerEvents {
  onOpened?(connection: ConnectionInfo): void;
  onClosed?(connection: ConnectionInfo, reason: CloseReason): void;
  /** A connection was closed on arrival, because a limit of connections is reached. */
  onRefused?(remoteAddress: string, refusal: ConnectionRefusal): void;
}

/** A listener could not be opened. `code` is the errno's name. */
export class ListenError extends Error {
  override name = 'ListenError';
  readonly code: string;
  readonly host: string;
  readonly port: number;
  /** The process that has the port, if `code` is EADDRINUSE and it is known. */
  readonly ownerPid: number | null;

  constructor(address: BindAddress, cause: NodeJS.ErrnoException, ownerPid: number | null) {
    const { host, port } = address;
    const code = cause.code ?? 'UNKNOWN';
    const by = ownerPid === null ? '' : ` by process ${ownerPid}`;
    super(
      code === 'EADDRINUSE'
        ? `${hostText(host)}:${port} is in use${by}`
        : `cannot listen on ${hostText(host)}:${port}: ${cause.message}`,
      { cause },
    );
    this.code = code;
    this.host = host;
    this.port = port;
    this.ownerPid = ownerPid;
  }
}

/** The resources that the listeners of one broker share. */
export function shareResources(
  network: Network,
  clock: Clock,
  limits: ServerLimits,
): SharedResources {
  let lastId = 0;
  const turn = new Turn(clock);
  const budget = new ByteBudget(limits.bytesInFlightMax);
  return {
    network,
    clock,
    limits,
    turn,
    requestTurns: new RequestTurns(turn, budget, limits),
    files: new FileTurns(turn, limits),
    budget,
    memory: new FrameMemory(limits.frameMemoryBytesMax),
    slots: new ConnectionSlots(limits),
    nextConnectionId: () => ++lastId,
  };
}

/** Binds, and accepts from then on. Rejects with ListenError; nothing is bound then. */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const listener = new Listener(options);
  await listener.bind(options.bind);
  return listener;
}

/** Error codes of bind on a machine without IPv6. */
const NO_IPV6 = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL']);

/**
 * One named listener: its bound addresses and the connections that came by them. Made by
 * `openListener`.
 */
export class Listener {
  readonly name: string;
  readonly #options: ListenerOptions;
  readonly #connections = new Set<Connection>();
  #bound: NetworkListener[] = [];
  #sweep: Timer | null = null;
  #closing = false;
  #whenEmpty: (() => void) | null = null;

  constructor(options: ListenerOptions) {
    this.name = options.name;
    this.#options = options;
  }

  /** The bound addresses, with their real ports. */
  get addresses(): readonly { readonly host: string; readonly port: number }[] {
    return this.#bound.map(({ host, port }) => ({ host, port }));
  }

  get connections(): ReadonlySet<ConnectionInfo> {
    return this.#connections;
  }

  /** Called once, by `openListener`. */
  async bind(plan: readonly BindAddress[]): Promise<void> {
    try {
      for (const address of plan) {
        if (address.host === 'localhost') await this.#bindLocalhost(address.port);
        else this.#bound.push(await this.#listen(address));
      }
    } catch (error) {
      await this.close({ drainMs: 0 });
      throw error;
    }
    this.#scheduleSweep();
  }

  /**
   * Stops accepting and reading at once, gives the received requests `drainMs` to be answered, then
   * destroys the connections that are left. Resolves when every connection is closed.
   */
  async close({ drainMs }: { readonly drainMs: number }): Promise<void> {
    if (this.#closing) throw new Error('a listener is closed once');
    this.#closing = true;
    const bound = Promise.all(this.#bound.map((listener) => listener.close()));
    const reason: CloseReason = { code: 'shutdown', message: 'the broker is stopping' };
    const destroyAll = (): void => {
      for (const connection of [...this.#connections]) connection.destroy(reason);
    };
    const empty = new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
    for (const connection of [...this.#connections]) connection.end(reason);
    let timer: Timer | null = null;
    if (drainMs > 0) timer = this.#options.shared.clock.schedule(drainMs, destroyAll);
    else destroyAll();
    if (this.#connections.size > 0) await empty;
    timer?.cancel();
    this.#sweep?.cancel();
    await bound;
  }

  async #bindLocalhost(port: number): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const first = await this.#listen({ host: '127.0.0.1', port });
      try {
        const second = await this.#listen({ host: '::1', port: first.port });
        this.#bound.push(first, second);
        return;
      } catch (error) {
        const code = error instanceof ListenError ? error.code : '';
        if (NO_IPV6.has(code)) {
          this.#bound.push(first);
          return;
        }
        await first.close();
        if (code !== 'EADDRINUSE' || port !== 0 || attempt === SERVER_LIMITS.portAttemptsMax)
          throw error;
      }
    }
  }

  async #listen(address: BindAddress): Promise<NetworkListener> {
    const { network } = this.#options.shared;
    try {
      return await network.listen({ ...address, onSocket: (socket) => this.#accept(socket) });
    } catch (error) {
      const cause = error as NodeJS.ErrnoException;
      const owner = cause.code === 'EADDRINUSE' ? await portOwner(address.port) : null;
      throw new ListenError(address, cause, owner);
    }
  }

  #accept(socket: Socket): void {
    const { shared, dispatcher, events } = this.#options;
    const { remoteAddress } = socket;
    if (this.#closing) {
      socket.destroy();
      return;
    }
    const refusal = shared.slots.take(remoteAddress);
    if (refusal !== null) {
      socket.destroy();
      events?.onRefused?.(remoteAddress, refusal);
      return;
    }
    const connection = new Connection(socket, {
      id: shared.nextConnectionId(),
      listener: this.name,
      limits: shared.limits,
      clock: shared.clock,
      turn: shared.turn,
      requestTurns: shared.requestTurns,
      files: shared.files,
      budget: shared.budget,
      memory: shared.memory,
      dispatcher,
      onClosed: (closed, reason) => {
        shared.slots.give(remoteAddress);
        this.#connections.delete(closed);
        events?.onClosed?.(closed, reason);
        if (this.#connections.size === 0) this.#whenEmpty?.();
      },
    });
    this.#connections.add(connection);
    events?.onOpened?.(connection);
  }

  #scheduleSweep(): void {
    const { clock, limits } = this.#options.shared;
    this.#sweep = clock.schedule(limits.sweepMs, () => {
      const nowMs = clock.monotonicMs();
      for (const connection of this.#connections) connection.sweep(nowMs);
      this.#scheduleSweep();
    });
  }
}

function hostText(host: string): string {
  if (host === '') return '*';
  return host.includes(':') ? `[${host}]` : host;
}
