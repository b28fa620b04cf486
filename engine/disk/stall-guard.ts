import { LIMITS } from '../limits.js';

/**
 * Whether a directory writes asynchronously because a synchronous write stalled, and how far it has
 * recovered.
 */
export interface StallState {
  readonly asynchronous: boolean;
  /** Fast asynchronous writes in a row. */
  readonly fastWrites: number;
}

/** A directory that does not stall. */
export const NOT_STALLED: StallState = { asynchronous: false, fastWrites: 0 };

const STALLED: StallState = { asynchronous: true, fastWrites: 0 };

/**
 * The state after one more write, which was of the kind that the state asks for. One synchronous
 * write over `writeStallMs` begins asynchronous writing; `writesRecoveredCount` asynchronous ones
 * in a row, each below `writeRecoveredMs`, end it.
 */
export function afterWrite(state: StallState, elapsedMs: number): StallState {
  if (!state.asynchronous) return elapsedMs > LIMITS.writeStallMs ? STALLED : state;
  if (elapsedMs >= LIMITS.writeRecoveredMs) return STALLED;
  const fastWrites = state.fastWrites + 1;
  return fastWrites >= LIMITS.writesRecoveredCount
    ? NOT_STALLED
    : { asynchronous: true, fastWrites };
}
