import { type Clock, isSignal, shown, type Timer } from '../../engine/index.js';
import { SERVER_LIMITS } from '../limits.js';
import type { Changes } from '../testing/changes.js';
import { type Duration, durationMs } from '../testing/duration.js';
import { TestBrokerError } from './test-broker-error.js';

/** How long `until` waits. */
export interface UntilOptions {
  /** Real time: milliseconds, or text such as `'10s'`. Default 5 s. */
  readonly timeoutMs?: Duration | undefined;
  /** Ends the wait with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What is waited for. */
export interface Awaited<T> {
  /** The result, or null as long as it is not there. Called after every change. */
  look(): T | null | Promise<T | null>;
  /** What was wanted, and what is there instead, for the error. */
  missing(): string;
}

/** What a wait needs of its broker. */
export interface UntilWorld {
  readonly changes: Changes;
  /** Real time. */
  readonly clock: Clock;
  /** Resolves when the broker is closed. */
  readonly closed: Promise<void>;
  /** What clients have asked for, for the error. */
  seen(): string;
}

/**
 * Waits until `look` gives a result, looking again after each change. Rejects UNTIL_TIMEOUT, saying
 * what was seen instead, BROKER_CLOSED, the signal's reason, and what `look` throws.
 */
export function waitUntil<T>(
  { changes, clock, closed, seen }: UntilWorld,
  awaited: Awaited<T>,
  { timeoutMs = SERVER_LIMITS.untilMs, signal }: UntilOptions,
): Promise<T> {
  const waitMs = durationMs(timeoutMs);
  if (signal !== undefined && !isSignal(signal)) {
    throw new TestBrokerError('INVALID_OPTION', `signal is an AbortSignal, not ${shown(signal)}`);
  }
  signal?.throwIfAborted();
  return new Promise<T>((resolve, reject) => {
    let timer: Timer | null = null;
    let isOver = false;
    let isLooking = false;
    let again = false;
    // The clock's timers and an idle broker do not keep the process alive; a wait does.
    const alive = setInterval(() => {}, SERVER_LIMITS.untilMs);
    const end = (settle: () => void): void => {
      if (isOver) return;
      isOver = true;
      clearInterval(alive);
      timer?.cancel();
      stopListening();
      signal?.removeEventListener('abort', onAbort);
      settle();
    };
    const onAbort = (): void => end(() => reject(signal?.reason));
    const look = async (): Promise<void> => {
      again = isLooking;
      if (isLooking) return;
      isLooking = true;
      try {
        do {
          again = false;
          const result = await awaited.look();
          if (result !== null) end(() => resolve(result));
        } while (again && !isOver);
      } catch (error) {
        end(() => reject(error));
      } finally {
        isLooking = false;
      }
    };
    const stopListening = changes.listen(() => void look());
    timer = clock.schedule(waitMs, () => {
      let failure: unknown;
      try {
        const message = `after ${waitMs} ms ${awaited.missing()}; ${seen()}`;
        failure = new TestBrokerError('UNTIL_TIMEOUT', message);
      } catch (error) {
        // Thrown on from a timer it would end the process.
        failure = error;
      }
      end(() => reject(failure));
    });
    signal?.addEventListener('abort', onAbort, { once: true });
    void closed.then(() =>
      end(() => reject(new TestBrokerError('BROKER_CLOSED', 'the broker was closed meanwhile'))),
    );
    void look();
  });
}
