import type { Api } from '../protocol/api.js';
import { ApiError } from '../protocol/api-error.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { inRange } from '../protocol/schema.js';
import type { Ask } from './asks.js';
import type { RequestContext } from './context.js';
import type { OpenHandler } from './open-handler.js';

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

/** Says who may do what. */
export interface Authorizer {
  /**
   * Called in front of the handler, with what the API asks for. Refuses all of the request by an
   * `ApiError`, which becomes the answer, or by `CloseConnection`.
   */
  authorize(context: RequestContext, asks: readonly Ask[], request: unknown): void;
}

/** Says how much a client may do in a time. */
export interface Quota {
  /**
   * Called for a request that is authorized. Whole milliseconds for which its connection is served
   * no more once it is answered; 0 where there is no need.
   */
  throttleMs(context: RequestContext, request: unknown): number;
}

/** Sees what became of requests. */
export interface RequestCount {
  /** Called once for each request that came to admission. */
  count(context: RequestContext, outcome: RequestOutcome): void;
}

export interface AdmissionOptions {
  /** Default: everybody may do everything. */
  readonly authorizer?: Authorizer | undefined;
  /** Default: as much as they can. */
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
   * Lets the request through to its handler, and returns for how long its connection is to be
   * served no more once it is answered, in milliseconds. Throws what refuses it, of which the API
   * has heard then.
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
