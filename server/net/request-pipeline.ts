import type { ServerLimits } from '../limits.js';
import type { CloseReason, ConnectionInfo, Dispatcher, DispatchMode } from './dispatcher.js';
import { CloseConnection } from './dispatcher.js';
import { Fifo } from './fifo.js';
import { FRAME_PREFIX_BYTES } from './framing.js';
import type { ResponsePart } from './response-writer.js';
import type { Turn } from './turn.js';
import { TurnAllowance } from './turn-allowance.js';

/** A request that was started and whose answer has not been taken. */
interface Slot {
  readonly bytes: number;
  state: 'running' | 'answered' | 'refused' | 'dropped';
  parts: readonly ResponsePart[] | null;
  next: Slot | null;
}

/**
 * The requests of one connection between receiving and answering: starts them in the order in which
 * they came, as their mode allows, and hands out their answers in that same order.
 */
export class RequestPipeline {
  readonly #dispatcher: Dispatcher;
  readonly #info: ConnectionInfo;
  readonly #limits: ServerLimits;
  readonly #turn: Turn;
  readonly #allowance: TurnAllowance;
  readonly #hasRoom: () => boolean;
  readonly #onChange: () => void;
  readonly #waiting = new Fifo<Buffer>();
  #nextMode: DispatchMode | null = null;
  #first: Slot | null = null;
  #last: Slot | null = null;
  #running = 0;
  #started = 0;
  #taken = 0;
  #alone = false;
  #bytes = 0;
  #refusal: CloseReason | null = null;
  #waitingTurn = false;

  /**
   * `hasRoom` is asked before each request whether one more answer may be held; when it may again, call `start`.
   * `onChange` is called when an answer can be taken, or another request started; from a microtask,
   * and perhaps several times before it is acted upon.
   */
  constructor(
    dispatcher: Dispatcher,
    info: ConnectionInfo,
    limits: ServerLimits,
    turn: Turn,
    hasRoom: () => boolean,
    onChange: () => void,
  ) {
    this.#dispatcher = dispatcher;
    this.#info = info;
    this.#limits = limits;
    this.#turn = turn;
    this.#allowance = new TurnAllowance(turn, limits.turnBytesMax);
    this.#hasRoom = hasRoom;
    this.#onChange = onChange;
  }

  /** Bytes of the requests held, their prefixes included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Requests held, started or not. */
  get count(): number {
    return this.#waiting.length + this.#started - this.#taken;
  }

  /** Requests handed to the dispatcher so far. */
  get started(): number {
    return this.#started;
  }

  /**
   * Set when a request was refused: what came after it is not answered, and nothing is started any
   * more.
   */
  get refusal(): CloseReason | null {
    return this.#refusal;
  }

  /** Takes over a frame. Call `start` after the last one of a read. */
  add(frame: Buffer): void {
    if (this.#refusal) return;
    this.#bytes += frame.length + FRAME_PREFIX_BYTES;
    this.#waiting.push(frame);
  }

  /**
   * Starts, synchronously, every request that may start now, up to the allowance of this turn and while there is room for answers:
   * a few bytes of request can ask for megabytes.
   */
  start(): void {
    while (!this.#alone && !this.#refusal) {
      const frame = this.#waiting.peek();
      if (!frame) break;
      if (this.#started - this.#taken >= this.#limits.requestsInFlightPerConnection) break;
      if (!this.#hasRoom() || !this.#mayStartInTurn()) break;
      const mode = this.#modeOf(frame);
      if (mode === null) break;
      if (mode === 'alone' && this.#running > 0) break;
      this.#alone = mode === 'alone';
      this.#nextMode = null;
      this.#waiting.drop();
      this.#allowance.spend(frame.length);
      this.#run(frame);
    }
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
    this.#waiting.clear();
    this.#bytes = 0;
  }

  #modeOf(frame: Buffer): DispatchMode | null {
    try {
      this.#nextMode ??= this.#dispatcher.mode(frame);
    } catch (error) {
      this.#waiting.drop();
      this.#refuse(this.#append(frame), error);
    }
    return this.#nextMode;
  }

  #run(frame: Buffer): void {
    const slot = this.#append(frame);
    this.#running += 1;
    try {
      this.#dispatcher.dispatch(frame, this.#info).then(
        (parts) => {
          this.#running -= 1;
          this.#answer(slot, parts);
        },
        (error: unknown) => {
          this.#running -= 1;
          this.#refuse(slot, error);
        },
      );
    } catch (error) {
      this.#running -= 1;
      this.#refuse(slot, error);
    }
  }

  #append(frame: Buffer): Slot {
    const bytes = frame.length + FRAME_PREFIX_BYTES;
    const slot: Slot = { bytes, state: 'running', parts: null, next: null };
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
    this.#alone = false;
    if (slot === this.#first || this.#waiting.length > 0) this.#onChange();
  }

  #refuse(slot: Slot, error: unknown): void {
    if (slot.state === 'dropped') return;
    slot.state = 'refused';
    this.#alone = false;
    this.#refusal ??=
      error instanceof CloseConnection
        ? { code: 'refused', message: error.message }
        : { code: 'failed', message: 'a request could not be handled', cause: error };
    for (const frame of this.#waiting) this.#bytes -= frame.length + FRAME_PREFIX_BYTES;
    this.#waiting.clear();
    this.#onChange();
  }

  #mayStartInTurn(): boolean {
    if (this.#waitingTurn) return false;
    if (this.#allowance.leftBytes > 0) return true;
    this.#waitingTurn = true;
    this.#turn.next(() => {
      this.#waitingTurn = false;
      this.#onChange();
    });
    return false;
  }
}

function release(parts: readonly ResponsePart[] | null): void {
  if (!parts) return;
  for (const part of parts) if (!Buffer.isBuffer(part)) part.release();
}
