import type { DispatchMode } from '../net/dispatcher.js';
import type { Api, RequestOf, ResponseOf } from '../protocol/api.js';
import type { ErrorCode } from '../protocol/error-codes.js';
import type { Ask } from './asks.js';
import type { RequestContext } from './context.js';

/**
 * Answers one API. Called synchronously when the request's turn has come; what it does before its
 * first await is done in the order of the connection. Null is no answer at all (Produce with
 * acks=0). Expected errors stand in the response; a thrown `ApiError` is an error for the request
 * as a whole, `CloseConnection` ends the connection, anything else is our fault.
 */
export type Handler<A extends Api> = (
  context: RequestContext,
  request: RequestOf<A>,
) => ResponseOf<A> | null | Promise<ResponseOf<A> | null>;

/** How the requests of an API are treated on their way; what is left out is the careful choice. */
export interface HandlerTraits {
  /** What it asks of the authorizer. Never left out: an API that asks for nothing says so. */
  readonly asks: readonly Ask[];
  /**
   * Whether a request may overlap with others of its connection. It may where what counts happens
   * in the turn of its dispatch. Default: it runs alone, as everything does in Kafka.
   */
  readonly order?: DispatchMode;
  /**
   * Nothing of the request's frame is needed once it is answered. Default: pieces of it may stay.
   */
  readonly isDoneWithFrame?: boolean;
  /**
   * A defect of ours ends the connection instead of an answer: a client that sends the same again
   * learns what was stored. Default: it is answered.
   */
  readonly closesOnDefect?: boolean;
  /**
   * Changes nothing, so that a request may be given up in the middle, when its client is gone, and
   * may wait there while answers take too much memory.
   */
  readonly readsOnly?: boolean;
  /** An answer has as many elements as its request, so that a small one need not be weighed. */
  readonly answersInKind?: boolean;
}

/** An API as one broker answers it. */
export interface OpenHandler extends Required<HandlerTraits> {
  readonly api: Api;
  readonly handle: Handler<Api>;
  /**
   * Called for a request, or for a part of one, that is answered with an error in front of the
   * handler: for what the API is to know of it. Default: nothing.
   */
  noteRefused(context: RequestContext, request: RequestOf<Api>, error: ErrorCode): void;
}
