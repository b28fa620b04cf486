import type { Api, RequestOf } from '../protocol/api.js';
import type { ErrorCode } from '../protocol/error-codes.js';
import type { Handler, HandlerTraits } from '../request/open-handler.js';
import type { HandlerParts } from './parts.js';

export type { Handler } from '../request/open-handler.js';

/** An API together with its handler. */
export interface ServedApi<A extends Api = Api> extends Required<HandlerTraits> {
  readonly api: A;
  /** The handler of one broker. */
  open(parts: HandlerParts): Handler<A>;
  /** See `OpenHandler.noteRefused`. */
  noteRefused(parts: HandlerParts, request: RequestOf<A>, error: ErrorCode): void;
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
    noteRefused = () => {},
  }: HandlerTraits & Partial<Pick<ServedApi<A>, 'noteRefused'>>,
  open: (parts: HandlerParts) => Handler<A>,
): ServedApi<A> {
  const traits = { asks, order, isDoneWithFrame, closesOnDefect, readsOnly, answersInKind };
  return { api, ...traits, open, noteRefused };
}
