/**
 * A promise that has resolved: what nothing has begun after waits for it. One for all, since there
 * may be very many logs and segments.
 */
export const SETTLED: Promise<void> = Promise.resolve();
