import type { Api, RequestOf } from '../protocol/api.js';
import type { ErrorCode } from '../protocol/error-codes.js';
import type { RequestContext } from '../request/context.js';
import type { Handler, HandlerTraits } from '../request/open-handler.js';
import type { HandlerParts } from './parts.js';

export type { Handler } from '../request/open-handler.js';

/** The handler of an API that also takes note of requests that do not reach it. */
export interface OpenedHandler<A extends Api> {
  readonly handle: Handler<A>;
  /** Called for a request that is answered with an error in front of the handler. */
  noteRefused(context: RequestContext, request: RequestOf<A>, error: ErrorCode): void;
}

/** An API together with its handler. */
export interface ServedApi<A extends Api = Api> extends Required<HandlerTraits> {
  readonly api: A;
  /** The handler of one broker. */
  open(parts: HandlerParts): OpenedHandler<A>;
}

/** Joins an API and its handler. */
export function handler<A extends Api>(
  api: A,
  {
    asks,
    order = 'alone',
    isDoneWithFrame = false,
    closesOnDefect = false,
    readsOnly = false,
    answersInKind = false,
  }: HandlerTraits,
  open: (parts: HandlerParts) => Handler<A> | OpenedHandler<A>,
): ServedApi<A> {
  return {
    api,
    asks,
    order,
    isDoneWithFrame,
    closesOnDefect,
    readsOnly,
    answersInKind,
    open: (parts) => {
      const opened = open(parts);
      return typeof opened === 'function' ? { handle: opened, noteRefused: () => {} } : opened;
    },
  };
}
