import type { RequestCount, RequestOutcome } from './admission.js';
import type { RequestContext } from './context.js';

/** Totals of one API since the start. */
export interface ApiCounters {
  requests: number;
  failed: number;
  closed: number;
  durationMs: number;
  responseBytes: number;
}

/** Counts requests by API. */
export class RequestCounters implements RequestCount {
  readonly #byApi = new Map<string, ApiCounters>();

  count(context: RequestContext, outcome: RequestOutcome): void {
    let counters = this.#byApi.get(context.apiName);
    if (counters === undefined) {
      counters = { requests: 0, failed: 0, closed: 0, durationMs: 0, responseBytes: 0 };
      this.#byApi.set(context.apiName, counters);
    }
    counters.requests += 1;
    if (outcome.kind === 'failed') counters.failed += 1;
    if (outcome.kind === 'closed') counters.closed += 1;
    counters.durationMs += outcome.durationMs;
    counters.responseBytes += outcome.responseBytes;
  }

  /** Totals by API name, live. */
  get byApi(): ReadonlyMap<string, Readonly<ApiCounters>> {
    return this.#byApi;
  }
}
