import type { RequestContext } from '../context.js';
import type { ApiName, RequestOf, ResponseOf } from '../protocol/api-keys.js';

/**
 * Answers one API. Called synchronously when the request's turn has come; what it does before its first await is done in the
 * order of the connection. Null is no answer at all (Produce with acks=0). Expected errors stand in the response; a thrown
 * `ApiError` is an error for the request as a whole, `CloseConnection` ends the connection, anything else is our fault.
 */
export type Handler<N extends ApiName> = (
  context: RequestContext,
  request: RequestOf<N>,
) => ResponseOf<N> | null | Promise<ResponseOf<N> | null>;

/** One handler for every API that the tables describe. */
export type Handlers = { readonly [N in ApiName]: Handler<N> };
