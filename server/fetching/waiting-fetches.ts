import { SERVER_LIMITS } from '../limits.js';
import type { RequestOf } from '../protocol/api.js';
import type { Fetch } from '../protocol/messages/fetch.js';

/**
 * Bounds the names that fetches hold while they wait: each keeps all names of its request, also
 * repetitions and forgotten partitions.
 */
export class WaitingFetches {
  #named = 0;

  /** Waits as `wait` does, or not at all if the waiting fetches hold too many names. */
  async whileIn(request: RequestOf<typeof Fetch>, wait: () => Promise<void>): Promise<void> {
    const named = namedBy(request);
    if (this.#named + named > SERVER_LIMITS.fetchWaitingNamedMax) return;
    this.#named += named;
    try {
      await wait();
    } finally {
      this.#named -= named;
    }
  }
}

function namedBy({ topics, forgottenTopicsData }: RequestOf<typeof Fetch>): number {
  let named = SERVER_LIMITS.requestBeginElements + topics.length + forgottenTopicsData.length;
  for (const { partitions } of topics) named += partitions.length;
  for (const { partitions } of forgottenTopicsData) named += partitions.length;
  return named;
}
