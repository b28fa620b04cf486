import type { DispatchMode } from '../net/dispatcher.js';
import type { Api, RequestOf, ResponseOf } from '../protocol/api.js';
import type { ErrorCode } from '../protocol/error-codes.js';
import type { Ask } from './asks.js';
import type { RequestContext } from './context.js';

/**
 * Answers one API. It is called synchronously when the request may begin; its code before the first
 * await runs in the order of the connection's requests. Null is no answer at all (Produce with
 * acks=0). Expected errors stand in the response; a thrown `ApiError` is an error for the request
 * as a whole, `CloseConnection` ends the connection, anything else is our fault.
 */
export type Handler<A extends Api> = (
  context: RequestContext,
  request: RequestOf<A>,
) => ResponseOf<A> | null | Promise<ResponseOf<A> | null>;

/**
 * The traits of an API that decide how its requests are treated; the default of each is the careful
 * choice.
 */
export interface HandlerTraits {
  /** The rights that it asks for. Never left out: an API that needs no right says so. */
  readonly asks: readonly Ask[];
  /**
   * Whether a request may overlap with others of its connection. It may where its effects happen in
   * the turn of its dispatch. Default: it runs alone, as every request does in Kafka.
   */
  readonly order?: DispatchMode;
  /**
   * Whether the request's frame is not needed once it is answered. Default: pieces of it may stay
   * in use.
   */
  readonly isDoneWithFrame?: boolean;
  /**
   * Whether a bug of ours ends the connection instead of being answered: a client that sends the
   * same again learns what was stored. Default: it is answered.
   */
  readonly closesOnDefect?: boolean;
  /**
   * Whether the API changes nothing: then a request may be given up in the middle when its client
   * is gone, and may wait there while answers take too much memory.
   */
  readonly readsOnly?: boolean;
  /**
   * Whether an answer has as many elements as its request: then the answer to a small request need
   * not be weighed.
   */
  readonly answersInKind?: boolean;
}

/** An API as one broker answers it. */
export interface OpenHandler extends Required<HandlerTraits> {
  readonly api: Api;
  readonly handle: Handler<Api>;
  /**
   * Called for a request, or some of its partitions, that are answered with an error in front of
   * the handler, so that the API can take note of it. Default: does nothing.
   */
  noteRefused(context: RequestContext, request: RequestOf<Api>, error: ErrorCode): void;
}
