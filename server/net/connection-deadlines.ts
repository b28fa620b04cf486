import type { ServerLimits } from '../limits.js';
import type { CloseReason } from './dispatcher.js';

/** The state of a connection at the moment of a sweep. */
export interface ConnectionPulse {
  /** On the monotonic clock. */
  readonly nowMs: number;
  /** All answers are sent and our side has ended. */
  readonly lingering: boolean;
  /** Bytes held of a frame that is not complete; 0 between frames. */
  readonly frameBytes: number;
  /** Frames that were completed since the beginning. */
  readonly framesReceived: number;
  /** Whether the broker reads from the client. */
  readonly reading: boolean;
  /** Whether the kernel has not taken all answers yet. */
  readonly unsent: boolean;
  /** Whether all connections together hold as many bytes as they may. */
  readonly isPressed: boolean;
  /** Bytes that the kernel has taken since the beginning. */
  readonly sentBytes: number;
  /** Bytes that have arrived since the beginning. */
  readonly receivedBytes: number;
  /** Requests received and not answered. */
  readonly requests: number;
}

/**
 * The deadlines of one connection, judged by a sweep now and then: no timer and no clock reading
 * per request. A frame or write that began between two sweeps counts from the second one, so a
 * deadline is late by up to a sweep, never early.
 */
export class ConnectionDeadlines {
  readonly #limits: ServerLimits;
  #sweptMs: number;
  #framesReceived = 0;
  #hadFrame = false;
  #frameMs = 0;
  #wasUnsent = false;
  #sentBytes = 0;
  #stalledMs = 0;
  #pressedMs = 0;
  #pressedBytes = 0;
  #receivedBytes = 0;
  #idleMs = 0;
  #lingeringMs = -1;

  constructor(limits: ServerLimits, nowMs: number) {
    this.#limits = limits;
    this.#sweptMs = nowMs;
  }

  /** The deadline that has passed, or null. */
  sweep(pulse: ConnectionPulse): CloseReason | null {
    const passedMs = pulse.nowMs - this.#sweptMs;
    this.#sweptMs = pulse.nowMs;
    const overdue =
      this.#linger(pulse, passedMs) ??
      this.#frame(pulse, passedMs) ??
      this.#write(pulse, passedMs) ??
      this.#idle(pulse, passedMs);
    this.#sentBytes = pulse.sentBytes;
    this.#receivedBytes = pulse.receivedBytes;
    return overdue;
  }

  #linger(pulse: ConnectionPulse, passedMs: number): CloseReason | null {
    if (!pulse.lingering) return null;
    this.#lingeringMs = this.#lingeringMs < 0 ? 0 : this.#lingeringMs + passedMs;
    if (this.#lingeringMs < this.#limits.lingerMs) return null;
    return { code: 'client', message: 'the client did not close its side' };
  }

  #frame(pulse: ConnectionPulse, passedMs: number): CloseReason | null {
    const same = this.#hadFrame && pulse.framesReceived === this.#framesReceived;
    this.#hadFrame = pulse.frameBytes > 0;
    this.#framesReceived = pulse.framesReceived;
    if (!this.#hadFrame || !same) this.#frameMs = 0;
    else if (pulse.reading) this.#frameMs += passedMs;
    const { frameDeadlineMs, pressedDeadlineMs, bytesPerSecondMin } = this.#limits;
    const earnedMs = (pulse.frameBytes / bytesPerSecondMin) * 1000;
    const deadlineMs = pulse.isPressed ? pressedDeadlineMs : frameDeadlineMs;
    if (this.#frameMs < deadlineMs + earnedMs) return null;
    return {
      code: 'frameDeadline',
      message: `a request was not complete after ${Math.round(this.#frameMs / 1000)} s, ${pulse.frameBytes} bytes of it had come`,
    };
  }

  #write(pulse: ConnectionPulse, passedMs: number): CloseReason | null {
    const stalled = pulse.unsent && this.#wasUnsent && pulse.sentBytes === this.#sentBytes;
    this.#wasUnsent = pulse.unsent;
    this.#stalledMs = stalled ? this.#stalledMs + passedMs : 0;
    if (this.#stalledMs >= this.#limits.writeDeadlineMs) {
      return {
        code: 'writeDeadline',
        message: `the client has read nothing for ${Math.round(this.#stalledMs / 1000)} s`,
      };
    }
    return this.#writeUnderPressure(pulse, passedMs);
  }

  /** A client that reads slowly holds bytes that other connections need. */
  #writeUnderPressure(pulse: ConnectionPulse, passedMs: number): CloseReason | null {
    if (!pulse.unsent || !pulse.isPressed) {
      this.#pressedMs = 0;
      this.#pressedBytes = pulse.sentBytes;
      return null;
    }
    this.#pressedMs += passedMs;
    const read = pulse.sentBytes - this.#pressedBytes;
    const { pressedDeadlineMs, bytesPerSecondMin } = this.#limits;
    if (this.#pressedMs < pressedDeadlineMs + (read / bytesPerSecondMin) * 1000) return null;
    return {
      code: 'writeDeadline',
      message: `the client has read ${read} bytes in ${Math.round(this.#pressedMs / 1000)} s, while all that answers may take was taken`,
    };
  }

  #idle(pulse: ConnectionPulse, passedMs: number): CloseReason | null {
    // The broker does not read from a client that has asked for more than it may, so it would not
    // notice that the client has gone.
    const idle =
      (pulse.requests === 0 || !pulse.reading) &&
      !pulse.unsent &&
      (pulse.frameBytes === 0 || !pulse.reading) &&
      pulse.receivedBytes === this.#receivedBytes &&
      pulse.sentBytes === this.#sentBytes;
    this.#idleMs = idle ? this.#idleMs + passedMs : 0;
    if (this.#idleMs < this.#limits.idleMs) return null;
    return {
      code: 'idle',
      message: `nothing was ${pulse.reading ? 'asked' : 'answered'} for ${Math.round(this.#idleMs / 1000)} s`,
    };
  }
}
