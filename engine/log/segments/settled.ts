/**
 * A resolved promise, for a queue without earlier work. All share this one, since there may be very
 * many logs and segments.
 */
export const SETTLED: Promise<void> = Promise.resolve();
