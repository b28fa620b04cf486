import type { RequestContext } from './context.js';

/** How a request ended. */
export interface RequestOutcome {
  /**
   * `answered`, `silent` (no answer was due), `closed` (the connection ends), `failed` (our fault).
   */
  readonly kind: 'answered' | 'silent' | 'closed' | 'failed';
  /** Monotonic time since the request began to be handled. */
  readonly durationMs: number;
  /** Bytes of the response without file slices. */
  readonly responseBytes: number;
}

/**
 * The one place where authorization, throttling and counting hook into requests. Hooks run in their
 * order, synchronously; `after` runs once for each request whose `before` was reached.
 */
export interface RequestHook {
  /** May refuse: an `ApiError` becomes the answer, `CloseConnection` ends the connection. */
  before?(context: RequestContext, request: unknown): void;
  after?(context: RequestContext, outcome: RequestOutcome): void;
}

/** Totals of one API since the start. */
export interface ApiCounters {
  requests: number;
  failed: number;
  closed: number;
  durationMs: number;
  responseBytes: number;
}

/** Counts requests by API. */
export class RequestCounters implements RequestHook {
  readonly #byApi = new Map<string, ApiCounters>();

  after(context: RequestContext, outcome: RequestOutcome): void {
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
