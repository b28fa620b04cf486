import type { Clock, Timer } from '../../engine/index.js';
import type { ServerLimits } from '../limits.js';
import { ConnectionDeadlines } from './connection-deadlines.js';
import {
  ANONYMOUS,
  type ClientSoftware,
  type CloseReason,
  type ConnectionCounters,
  type ConnectionInfo,
  type Dispatcher,
} from './dispatcher.js';
import type { BudgetWaiter, ByteBudget } from './receiving/byte-budget.js';
import type { FrameMemory, Slab } from './receiving/frame-memory.js';
import { FrameParser, FramingError, REQUEST_BYTES_MIN } from './receiving/framing.js';
import { RequestPipeline } from './receiving/request-pipeline.js';
import type { RequestTurns } from './receiving/request-turns.js';
import type { InProgress } from './receiving/requests-in-progress.js';
import type { FileTurns } from './sending/file-turns.js';
import { ResponseWriter } from './sending/response-writer.js';
import type { Socket } from './transport/network.js';
import type { Turn } from './turn.js';
import { TurnAllowance } from './turn-allowance.js';

export interface ConnectionOptions {
  readonly id: number;
  /** Name of the listener. */
  readonly listener: string;
  readonly limits: ServerLimits;
  readonly clock: Clock;
  /** Shared by all connections of the broker. */
  readonly turn: Turn;
  readonly requestTurns: RequestTurns;
  readonly files: FileTurns;
  readonly budget: ByteBudget;
  readonly memory: FrameMemory;
  readonly dispatcher: Dispatcher;
  /** Called once, when the socket is gone. */
  onClosed(connection: Connection, reason: CloseReason): void;
}

/**
 * - `open`: receives and answers.
 * - `ending`: receives no more; answers what it has.
 * - `lingering`: everything is sent; discards bytes that still arrive, so that a reset does not
 *   lose the last answers.
 * - `closed`: holds nothing.
 */
type State = 'open' | 'ending' | 'lingering' | 'closed';

/**
 * One client: cuts the bytes that it sends into requests, hands them to the dispatcher, and writes
 * the answers in order. Reading stops while the connection holds too many bytes, and the deadlines
 * of `sweep` end a client that makes no progress. It owns its socket.
 *
 * A turn with data: parse everything → dispatch everything → (microtasks answer) → one write of all
 * answers that are due.
 */
export class Connection implements ConnectionInfo, BudgetWaiter {
  readonly id: number;
  readonly listener: string;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly principal = ANONYMOUS;
  clientSoftware: ClientSoftware | null = null;

  readonly #socket: Socket;
  readonly #limits: ServerLimits;
  readonly #clock: Clock;
  readonly #turn: Turn;
  readonly #requestTurns: RequestTurns;
  readonly #files: FileTurns;
  readonly #allowance: TurnAllowance;
  readonly #budget: ByteBudget;
  readonly #onClosed: ConnectionOptions['onClosed'];
  readonly #parser: FrameParser;
  readonly #pipeline: RequestPipeline;
  readonly #writer: ResponseWriter;
  readonly #deadlines: ConnectionDeadlines;
  readonly #openedMs: number;
  readonly #closeListeners = new Set<() => void>();
  readonly #addFrame: (frame: Buffer, slab: Slab | null) => void;
  readonly #flush: () => void;
  #state: State = 'open';
  #reason: CloseReason | null = null;
  #framesReceived = 0;
  #bytesReceived = 0;
  /** The bytes of this connection that the budget has counted. */
  #accountedBytes = 0;
  #paused = false;
  #flushScheduled = false;
  #waitingTurn = false;
  /** Fires when the connection is served again; null while it is. */
  #muted: Timer | null = null;
  #mutedUntilMs = 0;

  constructor(socket: Socket, options: ConnectionOptions) {
    const { limits, turn } = options;
    this.id = options.id;
    this.listener = options.listener;
    this.localAddress = socket.localAddress;
    this.localPort = socket.localPort;
    this.remoteAddress = socket.remoteAddress;
    this.remotePort = socket.remotePort;
    this.#socket = socket;
    this.#limits = limits;
    this.#clock = options.clock;
    this.#turn = turn;
    this.#requestTurns = options.requestTurns;
    this.#files = options.files;
    this.#allowance = new TurnAllowance(turn, limits.turnBytesMax);
    this.#budget = options.budget;
    this.#onClosed = options.onClosed;
    this.#openedMs = options.clock.monotonicMs();
    this.#deadlines = new ConnectionDeadlines(limits, this.#openedMs);
    const framing = {
      sizeMin: REQUEST_BYTES_MIN,
      sizeMax: limits.requestBytesMax,
      allocateAtOnceBytes: limits.frameAllocateAtOnceBytes,
    };
    this.#parser = new FrameParser(framing, options.memory);
    this.#flush = () => this.#flushNow();
    this.#addFrame = (frame, slab) => {
      this.#framesReceived += 1;
      this.#pipeline.add(frame, slab);
    };
    this.#pipeline = new RequestPipeline(
      options.dispatcher,
      this,
      limits,
      turn,
      options.requestTurns,
      () => this.#mayAnswer(),
      () => this.#scheduleFlush(),
    );
    this.#writer = new ResponseWriter(
      socket,
      limits,
      { turn, files: options.files },
      {
        onProgress: () => this.#settle(),
        onFailed: (cause) =>
          this.destroy({ code: 'failed', message: 'a file slice could not be sent', cause }),
        onGone: () => this.destroy({ code: 'network', message: 'the connection was lost' }),
      },
    );
    socket.setHandler({
      receiveInto: () => (this.#state === 'open' ? this.#parser.receiveInto() : null),
      onData: (chunk) => this.#receive(chunk),
      onEnd: () => this.end({ code: 'client', message: 'the client closed the connection' }),
      onDrain: () => this.#writer.drained(),
      onClose: (error) => this.#socketClosed(error),
    });
  }

  get counters(): ConnectionCounters {
    return {
      openedMs: this.#openedMs,
      requests: this.#pipeline.started,
      bytesReceived: this.#bytesReceived,
      bytesSent: this.#socket.sentBytes,
    };
  }

  get closing(): boolean {
    return this.#state !== 'open';
  }

  get isGone(): boolean {
    return this.#state === 'closed';
  }

  enterLarge(elements: number): InProgress | Promise<InProgress> | null {
    return this.#requestTurns.inProgress.enter(elements);
  }

  runAlone(): void {
    this.#pipeline.runAlone();
  }

  mute(ms: number): void {
    const untilMs = this.#clock.monotonicMs() + ms;
    if (this.#state !== 'open' || (this.#muted !== null && untilMs <= this.#mutedUntilMs)) return;
    this.#muted?.cancel();
    this.#mutedUntilMs = untilMs;
    this.#muted = this.#clock.schedule(ms, () => {
      this.#muted = null;
      this.#settle();
    });
  }

  didBegin(elements: number): InProgress | null {
    this.#requestTurns.did(Math.min(elements, this.#limits.requestElementsAtOnceMax));
    return this.#requestTurns.inProgress.began(elements);
  }

  onClose(listener: () => void): () => void {
    if (this.closing) {
      listener();
      return () => {};
    }
    this.#closeListeners.add(listener);
    return () => void this.#closeListeners.delete(listener);
  }

  /**
   * Receives no more, lets the requests that were received whole finish, sends their answers, and
   * closes.
   */
  end(reason: CloseReason): void {
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#reason ??= reason;
    this.#unmute();
    this.#tellCloseListeners();
    this.#settle();
  }

  /** Closes at once; nothing more is sent. */
  destroy(reason: CloseReason): void {
    if (this.#state === 'closed') return;
    this.#reason ??= reason;
    this.#close();
    this.#socket.destroy();
  }

  /** Looks at the deadlines. Called at an even pace, `sweepMs`, with the monotonic clock's time. */
  sweep(nowMs: number): void {
    if (this.#state === 'closed') return;
    const overdue = this.#deadlines.sweep({
      nowMs,
      lingering: this.#state === 'lingering',
      frameBytes: this.#state === 'open' ? this.#parser.partialBytes : 0,
      framesReceived: this.#framesReceived,
      reading: !this.#paused,
      unsent: !this.#writer.idle,
      isPressed: !this.#budget.hasRoom,
      sentBytes: this.#socket.sentBytes,
      receivedBytes: this.#bytesReceived,
      requests: this.#pipeline.count,
    });
    if (!overdue) return;
    if (overdue.code === 'idle' && this.#pipeline.count === 0) this.end(overdue);
    else this.destroy(overdue);
  }

  /** The broker's budget has room again, or this connection may finish its frame. */
  onBudget(): void {
    this.#regulate();
  }

  #receive(chunk: Buffer): void {
    this.#bytesReceived += chunk.length;
    if (this.#state !== 'open') return;
    this.#allowance.spend(chunk.length);
    if (!this.#writer.isBulky) this.#files.brisk();
    let broken: CloseReason | null = null;
    try {
      this.#parser.push(chunk, this.#addFrame);
    } catch (error) {
      if (!(error instanceof FramingError)) throw error;
      const { message, foreign } = error;
      broken = { code: 'framing', message, ...(foreign && { foreign }) };
    }
    this.#pipeline.start();
    if (broken) this.end(broken);
    else this.#regulate();
  }

  /** Runs after the microtasks of this moment: all answers that they bring leave in one write. */
  #scheduleFlush(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    process.nextTick(this.#flush);
  }

  #flushNow(): void {
    this.#flushScheduled = false;
    if (this.#state === 'closed') return;
    this.#pipeline.takeAnswers((parts) => this.#writer.push(parts));
    this.#writer.run();
    const { refusal } = this.#pipeline;
    if (refusal) this.end(refusal);
    this.#settle();
  }

  /** Goes on with every step that the last change made possible. */
  #settle(): void {
    if (this.#state === 'closed') return;
    this.#pipeline.start();
    this.#regulate();
    if (this.#state === 'ending' && this.#pipeline.count === 0 && this.#writer.idle) {
      this.#state = 'lingering';
      this.#socket.end();
      this.#setPaused(false);
    }
  }

  /** Tells the budget how many bytes are held, and reads on or pauses. */
  #regulate(): void {
    const partialBytes = this.#state === 'open' ? this.#parser.partialBytes : 0;
    const answerableBytes =
      this.#pipeline.bytes + this.#pipeline.answeredBytes + this.#writer.pendingBytes;
    const heldBytes = partialBytes + answerableBytes;
    if (heldBytes !== this.#accountedBytes) {
      const change = heldBytes - this.#accountedBytes;
      this.#accountedBytes = heldBytes;
      this.#budget.add(change);
    }
    if (this.#state === 'ending') this.#setPaused(true);
    else if (this.#state === 'open') this.#setPaused(!this.#mayRead(partialBytes, heldBytes));
  }

  /**
   * Whether one more answer may be made. If not, the connection is muted, or answers wait to be
   * sent: the end of the mute, or the progress of these answers, asks again.
   */
  #mayAnswer(): boolean {
    if (this.#muted !== null) return false;
    const { bytesInFlightFloor, bytesInFlightPerConnection } = this.#limits;
    const pendingBytes = this.#pipeline.answeredBytes + this.#writer.pendingBytes;
    if (pendingBytes < bytesInFlightFloor) return true;
    return pendingBytes < bytesInFlightPerConnection && this.#budget.hasRoom;
  }

  #mayRead(partialBytes: number, heldBytes: number): boolean {
    const limits = this.#limits;
    if (this.#pipeline.count >= limits.requestsInFlightPerConnection) return false;
    // A single frame larger than the limit must be able to arrive: only bytes that will be answered
    // hold back reading.
    const overOwn = heldBytes >= limits.bytesInFlightPerConnection && heldBytes > partialBytes;
    const overFloor = heldBytes >= limits.bytesInFlightFloor;
    const room = this.#budget.mayRead(this, partialBytes > 0 && overFloor && !overOwn);
    if (overOwn || (overFloor && !room)) return false;
    if (this.#allowance.left > 0) return true;
    if (!this.#waitingTurn) {
      this.#waitingTurn = true;
      this.#turn.next(() => {
        this.#waitingTurn = false;
        if (this.#state === 'open') this.#regulate();
      });
    }
    return false;
  }

  #setPaused(paused: boolean): void {
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (paused) this.#socket.pause();
    else this.#socket.resume();
  }

  #unmute(): void {
    this.#muted?.cancel();
    this.#muted = null;
  }

  #tellCloseListeners(): void {
    const listeners = [...this.#closeListeners];
    this.#closeListeners.clear();
    for (const listener of listeners) listener();
  }

  /** Releases everything but the socket. */
  #close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#unmute();
    this.#pipeline.drop();
    this.#parser.close();
    this.#writer.dispose();
    this.#budget.leave(this);
    this.#budget.add(-this.#accountedBytes);
    this.#accountedBytes = 0;
    this.#tellCloseListeners();
  }

  #socketClosed(error: Error | null): void {
    this.#reason ??= {
      code: 'network',
      message: error?.message ?? 'the connection was lost',
      ...(error ? { cause: error } : {}),
    };
    this.#close();
    this.#onClosed(this, this.#reason);
  }
}
