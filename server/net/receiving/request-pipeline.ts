import type { ServerLimits } from '../../limits.js';
import type { CloseReason, ConnectionInfo, Dispatcher, DispatchMode } from '../dispatcher.js';
import { CloseConnection } from '../dispatcher.js';
import { Fifo } from '../fifo.js';
import type { ResponsePart } from '../sending/response-writer.js';
import type { Turn } from '../turn.js';
import { TurnAllowance } from '../turn-allowance.js';
import type { Slab } from './frame-memory.js';
import { FRAME_PREFIX_BYTES } from './framing.js';
import type { Beginner, RequestTurns } from './request-turns.js';

/** A request that was received and not started. */
interface Received {
  readonly frame: Buffer;
  readonly slab: Slab | null;
}

/** A request that was started and whose answer has not been taken. */
interface Slot {
  readonly bytes: number;
  /** Holds its frame for as long as it runs. */
  slab: Slab | null;
  state: 'running' | 'answered' | 'refused' | 'dropped';
  parts: readonly ResponsePart[] | null;
  next: Slot | null;
}

/**
 * The requests of one connection between receiving and answering: starts them in the order in which
 * they came, as their mode allows, and hands out their answers in that same order.
 */
export class RequestPipeline implements Beginner {
  readonly #dispatcher: Dispatcher;
  readonly #info: ConnectionInfo;
  readonly #limits: ServerLimits;
  readonly #turn: Turn;
  readonly #turns: RequestTurns;
  readonly #allowance: TurnAllowance;
  readonly #hasRoom: () => boolean;
  readonly #onChange: () => void;
  readonly #waiting = new Fifo<Received>();
  #nextMode: DispatchMode | null = null;
  /** Whether the next request is large: found out only while large requests wait. */
  #isNextLarge: boolean | null = null;
  #first: Slot | null = null;
  #last: Slot | null = null;
  #running = 0;
  #started = 0;
  #taken = 0;
  /** The request that runs alone: no later request begins until it has ended. */
  #alone: Slot | null = null;
  #beginning: Slot | null = null;
  #bytes = 0;
  #answeredBytes = 0;
  #refusal: CloseReason | null = null;
  #waitingTurn = false;

  /**
   * `hasRoom` says before each request whether one more answer may be held; the owner calls `start`
   * when that is so again. `onChange` is called when an answer can be taken, or another request
   * started: from a microtask, and perhaps several times before the owner acts.
   */
  constructor(
    dispatcher: Dispatcher,
    info: ConnectionInfo,
    limits: ServerLimits,
    turn: Turn,
    turns: RequestTurns,
    hasRoom: () => boolean,
    onChange: () => void,
  ) {
    this.#dispatcher = dispatcher;
    this.#info = info;
    this.#limits = limits;
    this.#turn = turn;
    this.#turns = turns;
    this.#allowance = new TurnAllowance(turn, limits.turnBytesMax);
    this.#hasRoom = hasRoom;
    this.#onChange = onChange;
  }

  /** Bytes of the requests held, their prefixes included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes of the answers that wait for those before them. */
  get answeredBytes(): number {
    return this.#answeredBytes;
  }

  /** Requests held, started or not. */
  get count(): number {
    return this.#waiting.length + this.#started - this.#taken;
  }

  get nextBytes(): number {
    return this.#waiting.peek()?.frame.length ?? 0;
  }

  /** Requests handed to the dispatcher so far. */
  get started(): number {
    return this.#started;
  }

  /**
   * Set when a request was refused: later requests are not answered, and none is started any more.
   */
  get refusal(): CloseReason | null {
    return this.#refusal;
  }

  /** Takes over a frame and its hold on the slab. Call `start` after the last one of a read. */
  add(frame: Buffer, slab: Slab | null): void {
    if (this.#refusal) {
      slab?.release();
      return;
    }
    this.#bytes += frame.length + FRAME_PREFIX_BYTES;
    this.#waiting.push({ frame, slab });
  }

  /**
   * Starts, synchronously, every request that may start now: up to the allowances of this turn,
   * that of the connection and that of all connections, and while there is room for answers, since
   * a request of few bytes can ask for megabytes.
   */
  start(): void {
    while (this.#alone === null && !this.#refusal) {
      const received = this.#waiting.peek();
      if (!received) break;
      if (this.#started - this.#taken >= this.#limits.requestsInFlightPerConnection) break;
      if (!this.#hasRoom() || !this.#mayStartInTurn()) break;
      const mode = this.#modeOf(received);
      if (mode === null) break;
      if (mode === 'alone' && this.#running > 0) break;
      if (!this.#turns.mayBegin(this) || this.#isHeldBack(received)) break;
      this.#nextMode = null;
      this.#isNextLarge = null;
      this.#waiting.drop();
      this.#allowance.spend(received.frame.length);
      this.#run(received, mode);
    }
  }

  /** The request that is handed to the dispatcher right now runs alone, whatever its mode. */
  runAlone(): void {
    this.#alone = this.#beginning;
  }

  /**
   * Hands the answers that are due to `take`, in order. After a refused request there are no more.
   */
  takeAnswers(take: (parts: readonly ResponsePart[]) => void): void {
    while (this.#first && this.#first.state !== 'running') {
      const slot = this.#first;
      if (slot.state === 'refused') {
        this.drop();
        return;
      }
      this.#first = slot.next;
      if (!this.#first) this.#last = null;
      this.#taken += 1;
      this.#bytes -= slot.bytes;
      this.#answeredBytes -= bytesOf(slot.parts);
      if (slot.parts) take(slot.parts);
    }
  }

  /** Forgets every request; answers that have come or will come are released. */
  drop(): void {
    for (let slot = this.#first; slot; slot = slot.next) {
      release(slot.parts);
      slot.parts = null;
      slot.state = 'dropped';
    }
    this.#first = null;
    this.#last = null;
    this.#taken = this.#started;
    this.#dropWaiting();
    this.#bytes = 0;
    this.#answeredBytes = 0;
  }

  #modeOf(received: Received): DispatchMode | null {
    try {
      this.#nextMode ??= this.#dispatcher.mode(received.frame);
    } catch (error) {
      this.#waiting.drop();
      const slot = this.#append(received);
      letGo(slot);
      this.#refuse(slot, error);
    }
    return this.#nextMode;
  }

  #run(received: Received, mode: DispatchMode): void {
    const slot = this.#append(received);
    this.#beginning = slot;
    if (mode === 'alone') this.#alone = slot;
    this.#running += 1;
    try {
      const frame = this.#lent(slot, received.frame);
      this.#dispatcher.dispatch(frame, this.#info).then(
        (parts) => {
          this.#running -= 1;
          letGo(slot);
          this.#answer(slot, parts);
        },
        (error: unknown) => this.#failed(slot, error),
      );
    } catch (error) {
      this.#failed(slot, error);
    }
  }

  /** The bytes for the dispatcher: the frame in place, or a copy that it may keep. */
  #lent(slot: Slot, frame: Buffer): Buffer {
    if (slot.slab === null || this.#dispatcher.isDoneWithFrame(frame)) return frame;
    const copy = Buffer.from(frame);
    letGo(slot);
    return copy;
  }

  #failed(slot: Slot, error: unknown): void {
    this.#running -= 1;
    letGo(slot);
    this.#refuse(slot, error);
  }

  #append({ frame, slab }: Received): Slot {
    const bytes = frame.length + FRAME_PREFIX_BYTES;
    const slot: Slot = { bytes, slab, state: 'running', parts: null, next: null };
    if (this.#last) this.#last.next = slot;
    else this.#first = slot;
    this.#last = slot;
    this.#started += 1;
    return slot;
  }

  #answer(slot: Slot, parts: readonly ResponsePart[] | null): void {
    if (slot.state === 'dropped') {
      release(parts);
      return;
    }
    slot.state = 'answered';
    slot.parts = parts;
    this.#answeredBytes += bytesOf(parts);
    if (this.#alone === slot) this.#alone = null;
    const isHeavy = this.#answeredBytes >= this.#limits.bytesInFlightFloor;
    if (slot === this.#first || this.#waiting.length > 0 || isHeavy) this.#onChange();
  }

  #refuse(slot: Slot, error: unknown): void {
    if (slot.state === 'dropped') return;
    slot.state = 'refused';
    this.#alone = null;
    this.#refusal ??=
      error instanceof CloseConnection
        ? { code: 'refused', message: error.message }
        : { code: 'failed', message: 'a request could not be handled', cause: error };
    for (const { frame } of this.#waiting) this.#bytes -= frame.length + FRAME_PREFIX_BYTES;
    this.#dropWaiting();
    this.#onChange();
  }

  #dropWaiting(): void {
    for (const { slab } of this.#waiting) slab?.release();
    this.#waiting.clear();
  }

  /** Whether the request is large while large requests wait. An element takes a byte at least. */
  #isHeldBack({ frame }: Received): boolean {
    const { inProgress } = this.#turns;
    const { largeRequestElementsMin } = this.#limits;
    if (!inProgress.isFull || frame.length < largeRequestElementsMin) return false;
    if (this.#isNextLarge === null) {
      this.#isNextLarge = this.#dispatcher.hasElements(frame, largeRequestElementsMin);
      this.#turns.did(largeRequestElementsMin);
    }
    if (!this.#isNextLarge) return false;
    inProgress.wait(this, frame.length);
    return true;
  }

  #mayStartInTurn(): boolean {
    if (this.#waitingTurn) return false;
    if (this.#allowance.left > 0) return true;
    this.#waitingTurn = true;
    this.#turn.next(() => {
      this.#waitingTurn = false;
      this.#onChange();
    });
    return false;
  }
}

function letGo(slot: Slot): void {
  slot.slab?.release();
  slot.slab = null;
}

function release(parts: readonly ResponsePart[] | null): void {
  if (!parts) return;
  for (const part of parts) if (!Buffer.isBuffer(part)) part.release();
}

/** Bytes in memory: those of a file slice do not count. */
function bytesOf(parts: readonly ResponsePart[] | null): number {
  let bytes = 0;
  for (const part of parts ?? []) if (Buffer.isBuffer(part)) bytes += part.length;
  return bytes;
}
