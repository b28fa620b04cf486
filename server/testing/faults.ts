import { nearestName, shown } from '../../engine/index.js';
import { APIS, type ApiName } from '../handlers/apis.js';
import { CloseConnection } from '../net/dispatcher.js';
import type { Api, RequestOf } from '../protocol/api.js';
import { ErrorCode, type ErrorName } from '../protocol/error-codes.js';
import type { RequestContext } from '../request/context.js';
import type { DelayedOperations } from '../request/delayed.js';
import type { Handler, OpenHandler } from '../request/open-handler.js';
import { type WaitKey, waitFor } from '../request/waiting.js';
import { type Duration, durationMs } from './duration.js';
import {
  answersByPartition,
  splitByTopic,
  type TopicFilter,
  withTopicsOf,
} from './fault-filter.js';

/** The API whose requests fail, or all APIs. */
export type FaultApi = ApiName | 'any';

/** The requests of the API that fail. */
export interface FaultOptions extends TopicFilter {
  /** Number of requests; `Infinity` for all until the fault is cancelled. Default: 1. */
  readonly times?: number;
}

/** The requests that a disconnection hits, and the message that gets lost. */
export interface DisconnectOptions extends FaultOptions {
  /**
   * The lost message: the `request`, so that nothing happens, or the `answer`, so that the client
   * does not learn what has happened. Default: the request.
   */
  readonly lose?: 'request' | 'answer';
}

/** A fault that waits for its requests. */
export interface Fault {
  /** Requests that have met this fault. */
  readonly count: number;
  /** Resolves when the fault has met its last request, or was cancelled. */
  readonly done: Promise<void>;
  /** Takes the fault back: it meets no request from now on. May be called again. */
  cancel(): void;
}

/** Lets requests of clients fail in the way in which brokers and networks do. */
export interface Faults {
  /**
   * The next request gets this error. Where the API has a place for an error of each topic or
   * partition, the error stands there; with `topic` or `partition` the other entries of that
   * request are answered as usual. Nothing that fails is done.
   */
  next(api: ApiName, error: ErrorName, options?: FaultOptions): Fault;
  /**
   * The next requests get these errors, one after another; null: the request passes. `times` is how
   * often the whole list is gone through.
   */
  next(api: ApiName, errors: readonly (ErrorName | null)[], options?: FaultOptions): Fault;
  /** The next request ends its connection. */
  disconnect(api: FaultApi, options?: DisconnectOptions): Fault;
  /**
   * The next request is done at once, and answered only after `time` on the broker's clock, which
   * `advance` moves on.
   */
  delay(api: FaultApi, time: Duration, options?: FaultOptions): Fault;
  /**
   * The next request is done at once, and its answer says that its client is throttled; the
   * connection is not served for that time, which is real time, as a broker with quotas does.
   */
  throttle(api: FaultApi, time: Duration, options?: FaultOptions): Fault;
  /** Cancels every fault. */
  clear(): void;
}

/** What faults use of the broker in front of whose handlers they stand. */
export interface FaultWorld {
  readonly topicName: TopicNames;
  /** Holds answers that are delayed. */
  readonly delayed: DelayedOperations<WaitKey>;
}

/** The name of a topic by its id. */
export type TopicNames = (id: string) => string | undefined;

type Effect =
  | { readonly kind: 'error'; readonly codes: readonly ErrorCode[] }
  | { readonly kind: 'disconnect'; readonly lose: 'request' | 'answer' }
  | { readonly kind: 'delay'; readonly ms: number }
  | { readonly kind: 'throttle'; readonly ms: number };

/**
 * Keeps the ordered faults, and stands in front of the handlers. Requests that no fault waits for
 * pass through it.
 */
export class RequestFaults implements Faults {
  readonly #armed = new Set<ArmedFault>();

  next(
    api: ApiName,
    errors: ErrorName | readonly (ErrorName | null)[],
    options: FaultOptions = {},
  ): Fault {
    const isList = Array.isArray(errors);
    const list: readonly (ErrorName | null)[] = isList ? errors : [errors as ErrorName];
    if (list.length === 0) throw new RangeError('a list of errors has at least one element');
    const codes = list.map((error) => (isList && error === null ? ErrorCode.NONE : codeOf(error)));
    if ((api as FaultApi) === 'any') {
      throw new TypeError('an error needs an API that answers with it: name one');
    }
    return this.#arm(api, { kind: 'error', codes }, options);
  }

  disconnect(api: FaultApi, options: DisconnectOptions = {}): Fault {
    return this.#arm(api, { kind: 'disconnect', lose: options.lose ?? 'request' }, options);
  }

  delay(api: FaultApi, time: Duration, options: FaultOptions = {}): Fault {
    return this.#arm(api, { kind: 'delay', ms: durationMs(time) }, options);
  }

  throttle(api: FaultApi, time: Duration, options: FaultOptions = {}): Fault {
    return this.#arm(api, { kind: 'throttle', ms: durationMs(time) }, options);
  }

  clear(): void {
    for (const fault of [...this.#armed]) fault.cancel();
  }

  /** The same handlers, behind the faults. */
  around(handlers: readonly OpenHandler[], world: FaultWorld): OpenHandler[] {
    return handlers.map((served) => ({
      ...served,
      handle: (context, request) =>
        this.#armed.size === 0
          ? served.handle(context, request)
          : this.#handle(served, context, request, world),
    }));
  }

  #arm(api: FaultApi, effect: Effect, options: FaultOptions): Fault {
    const { times = 1, topic, partition } = options;
    const isKnown = typeof api === 'string' && (api === 'any' || Object.hasOwn(APIS, api));
    if (!isKnown) throw unknown('API', api, Object.keys(APIS));
    if (times !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(times) && times > 0)) {
      throw new RangeError(`times is a whole number from 1 on, or Infinity, not ${shown(times)}`);
    }
    const byTopic = topic !== undefined || partition !== undefined;
    if (byTopic && (api === 'any' || !answersByPartition(APIS[api]))) {
      const named = Object.values(APIS).filter(answersByPartition);
      const able = named.map(({ name }) => name).join(', ');
      throw new TypeError(`${api} has no topics and partitions to choose from; ${able} have`);
    }
    const requests = effect.kind === 'error' ? times * effect.codes.length : times;
    const fault = new ArmedFault(api, effect, options, requests, () => this.#armed.delete(fault));
    this.#armed.add(fault);
    return fault;
  }

  /**
   * The code of the handler before its first await still runs within the call, so that pipelined
   * appends keep their order.
   */
  #handle(
    served: OpenHandler,
    context: RequestContext,
    request: RequestOf<Api>,
    world: FaultWorld,
  ): ReturnType<Handler<Api>> {
    const { name } = served.api;
    const { topicName } = world;
    const armed = [...this.#armed];
    const find = (kind: Effect['kind']): ArmedFault | undefined =>
      armed.find((fault) => fault.effect.kind === kind && fault.isFor(name, request, topicName));
    const disconnect = find('disconnect');
    const error = disconnect === undefined ? find('error') : undefined;
    const delay = find('delay');
    const throttle = find('throttle');
    const code = error?.codeNow ?? ErrorCode.NONE;
    for (const fault of [disconnect, error, delay, throttle]) fault?.meet();
    if (throttle?.effect.kind === 'throttle') context.throttle(throttle.effect.ms);
    const delayMs = delay?.effect.kind === 'delay' ? delay.effect.ms : null;
    const lose = disconnect?.effect.kind === 'disconnect' ? disconnect.effect.lose : null;
    if (lose === 'request') return after(delayMs, context, world, () => lost(name));
    const answer =
      error === undefined || code === ErrorCode.NONE
        ? served.handle(context, request)
        : failing(served, context, request, { code, filter: error.filter, topicName });
    if (lose === null && delayMs === null) return answer;
    return after(delayMs, context, world, async () => {
      await answer;
      return lose === null ? answer : lost(name);
    });
  }
}

class ArmedFault implements Fault {
  readonly effect: Effect;
  readonly filter: TopicFilter;
  readonly done: Promise<void>;
  readonly #api: FaultApi;
  readonly #times: number;
  readonly #onEnd: () => void;
  #count = 0;
  #resolve: () => void = () => {};

  constructor(
    api: FaultApi,
    effect: Effect,
    filter: TopicFilter,
    times: number,
    onEnd: () => void,
  ) {
    this.effect = effect;
    this.filter = filter;
    this.#api = api;
    this.#times = times;
    this.#onEnd = onEnd;
    this.done = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get count(): number {
    return this.#count;
  }

  /** The error of the next request that it meets; NONE for one that passes. */
  get codeNow(): ErrorCode {
    if (this.effect.kind !== 'error') return ErrorCode.NONE;
    const { codes } = this.effect;
    return codes[this.#count % codes.length] ?? ErrorCode.NONE;
  }

  isFor(name: string, request: RequestOf<Api>, topicName: TopicNames): boolean {
    if (this.#api !== 'any' && this.#api !== name) return false;
    return splitByTopic(request, this.filter, topicName).meant !== null;
  }

  meet(): void {
    this.#count += 1;
    if (this.#count >= this.#times) this.cancel();
  }

  cancel(): void {
    this.#onEnd();
    this.#resolve();
  }
}

/** The error for the selected entries, the handler's answer for the rest. */
function failing(
  served: OpenHandler,
  context: RequestContext,
  request: RequestOf<Api>,
  { code, filter, topicName }: { code: ErrorCode; filter: TopicFilter; topicName: TopicNames },
): ReturnType<Handler<Api>> {
  const { api } = served;
  const { meant, rest } = splitByTopic(request, filter, topicName);
  const answered = rest === null ? null : served.handle(context, rest);
  const failed = api.refused(meant ?? request, code, context.apiVersion);
  if (failed === null) throw new CloseConnection(`${api.name} failed: a fault was ordered`);
  served.noteRefused(context, meant ?? request, code);
  if (answered === null) return failed;
  return Promise.resolve(answered).then((answer) => withTopicsOf(answer, failed));
}

/**
 * Holds an answer back: it waits as any request does, and ends with its connection and its broker.
 */
async function after<T>(
  delayMs: number | null,
  context: RequestContext,
  { delayed }: FaultWorld,
  then: () => Promise<T>,
): Promise<T> {
  const result = then();
  if (delayMs === null) return result;
  // Its failure is the answer's, after the delay.
  result.catch(() => {});
  context.waits();
  const { clock, connection } = context;
  const deadlineMs = clock.monotonicMs() + delayMs;
  await waitFor({ delayed, keys: [], deadlineMs, connection, isDone: () => false });
  return result;
}

async function lost(name: string): Promise<never> {
  throw new CloseConnection(`${name}: a fault was ordered`);
}

function codeOf(error: ErrorName | null): ErrorCode {
  const isKnown = typeof error === 'string' && error !== 'NONE' && Object.hasOwn(ErrorCode, error);
  if (isKnown) return ErrorCode[error];
  const names = Object.keys(ErrorCode).filter((name) => name !== 'NONE');
  throw unknown('error', error, names);
}

function unknown(what: string, name: unknown, known: readonly string[]): TypeError {
  const nearest = typeof name === 'string' ? nearestName(name, known) : null;
  const advice = nearest === null ? '' : `: did you mean ${nearest}?`;
  return new TypeError(`there is no ${what} ${shown(name)}${advice}`);
}
