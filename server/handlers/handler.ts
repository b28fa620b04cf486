import type { Api } from '../protocol/api.js';
import type { Handler, HandlerTraits } from '../request/open-handler.js';
import type { HandlerParts } from './parts.js';

export type { Handler } from '../request/open-handler.js';

/** An API together with its handler. */
export interface ServedApi<A extends Api = Api> extends Required<HandlerTraits> {
  readonly api: A;
  /** The handler of one broker. */
  open(parts: HandlerParts): Handler<A>;
}

/** Joins an API and its handler. */
export function handler<A extends Api>(
  api: A,
  {
    order = 'alone',
    isDoneWithFrame = false,
    closesOnDefect = false,
    readsOnly = false,
    answersInKind = false,
  }: HandlerTraits,
  open: (parts: HandlerParts) => Handler<A>,
): ServedApi<A> {
  return { api, order, isDoneWithFrame, closesOnDefect, readsOnly, answersInKind, open };
}
