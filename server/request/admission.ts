import type { Api } from '../protocol/api.js';
import { ApiError } from '../protocol/api-error.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { inRange } from '../protocol/schema.js';
import type { Ask } from './asks.js';
import type { RequestContext } from './context.js';
import type { OpenHandler } from './open-handler.js';

/** The outcome of a request. */
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

/** Decides what a principal may do. */
export interface Authorizer {
  /**
   * Called in front of the handler, with the rights that the API asks for. It refuses the whole
   * request by an `ApiError`, which becomes the answer, or by `CloseConnection`.
   */
  authorize(context: RequestContext, asks: readonly Ask[], request: unknown): void;
}

/** Bounds the work of a client per time. */
export interface Quota {
  /**
   * Called for a request that is authorized. Returns the whole milliseconds for which its
   * connection is not served once it is answered; 0 for none.
   */
  throttleMs(context: RequestContext, request: unknown): number;
}

/** Counts the outcomes of requests. */
export interface RequestCount {
  /** Called once for each request that came to admission. */
  count(context: RequestContext, outcome: RequestOutcome): void;
}

export interface AdmissionOptions {
  /** Default: every client may do everything. */
  readonly authorizer?: Authorizer | undefined;
  /** Default: no limit. */
  readonly quota?: Quota | undefined;
  readonly counts: RequestCount;
}

/**
 * The one place in front of the handlers: authorize, then quota; and count, when the request has
 * ended. All of it is synchronous, so that pipelined requests keep their order.
 */
export class Admission {
  readonly #authorizer: Authorizer | null;
  readonly #quota: Quota | null;
  readonly #counts: RequestCount;

  constructor({ authorizer, quota, counts }: AdmissionOptions) {
    this.#authorizer = authorizer ?? null;
    this.#quota = quota ?? null;
    this.#counts = counts;
  }

  /**
   * Lets the request through to its handler, and returns the milliseconds for which its connection
   * is not served once it is answered. Throws the error that refuses it, after the API was told.
   */
  admit(context: RequestContext, served: OpenHandler, request: object): number {
    if (this.#authorizer === null && this.#quota === null) return 0;
    try {
      this.#authorizer?.authorize(context, served.asks, request);
      return this.#quota?.throttleMs(context, request) ?? 0;
    } catch (error) {
      if (error instanceof ApiError)
        served.noteRefused(context, request as never, ErrorCode[error.code]);
      throw error;
    }
  }

  /** Called once for each request that `admit` was called for. */
  ended(context: RequestContext, outcome: RequestOutcome): void {
    this.#counts.count(context, outcome);
  }
}

/** The answer with the time for which its client is throttled, where the API tells that. */
export function throttled(api: Api, version: number, answer: object, throttleMs: number): object {
  const field = api.response.fields.throttleTimeMs;
  if (field === undefined || !inRange(field.versions, version)) return answer;
  return { ...answer, throttleTimeMs: throttleMs };
}
