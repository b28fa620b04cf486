import { type Clock, nearestName } from '../../engine/index.js';
import { APIS, type ApiName } from '../handlers/apis.js';
import { CloseConnection } from '../net/dispatcher.js';
import type { Api, RequestOf } from '../protocol/api.js';
import { ErrorCode, type ErrorName } from '../protocol/error-codes.js';
import type { RequestContext } from '../request/context.js';
import type { Handler, OpenHandler } from '../request/open-handler.js';
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
  /** The next request ends its connection. */
  disconnect(api: FaultApi, options?: DisconnectOptions): Fault;
  /**
   * The next request is done at once, and answered only after `time` on the broker's clock, which
   * `advance` moves on.
   */
  delay(api: FaultApi, time: Duration, options?: FaultOptions): Fault;
  /** Cancels every fault. */
  clear(): void;
}

/** The name of a topic by its id. */
export type TopicNames = (id: string) => string | undefined;

type Effect =
  | { readonly kind: 'error'; readonly code: ErrorCode }
  | { readonly kind: 'disconnect'; readonly lose: 'request' | 'answer' }
  | { readonly kind: 'delay'; readonly ms: number };

/**
 * Keeps the ordered faults, and stands in front of the handlers. Requests that no fault waits for
 * pass through it.
 */
export class RequestFaults implements Faults {
  readonly #clock: Clock;
  readonly #armed = new Set<ArmedFault>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  next(api: ApiName, error: ErrorName, options: FaultOptions = {}): Fault {
    const code: ErrorCode | undefined = ErrorCode[error];
    if (code === undefined || code === ErrorCode.NONE) {
      throw unknown('error', error, Object.keys(ErrorCode));
    }
    if ((api as FaultApi) === 'any') {
      throw new TypeError('an error needs an API that answers with it: name one');
    }
    return this.#arm(api, { kind: 'error', code }, options);
  }

  disconnect(api: FaultApi, options: DisconnectOptions = {}): Fault {
    return this.#arm(api, { kind: 'disconnect', lose: options.lose ?? 'request' }, options);
  }

  delay(api: FaultApi, time: Duration, options: FaultOptions = {}): Fault {
    return this.#arm(api, { kind: 'delay', ms: durationMs(time) }, options);
  }

  clear(): void {
    for (const fault of [...this.#armed]) fault.cancel();
  }

  /** The same handlers, behind the faults. `topicName` returns the name of a topic by its id. */
  around(handlers: readonly OpenHandler[], topicName: TopicNames): OpenHandler[] {
    return handlers.map((served) => ({
      ...served,
      handle: (context, request) =>
        this.#armed.size === 0
          ? served.handle(context, request)
          : this.#handle(served, context, request, topicName),
    }));
  }

  #arm(api: FaultApi, effect: Effect, options: FaultOptions): Fault {
    const { times = 1, topic, partition } = options;
    if (api !== 'any' && !Object.hasOwn(APIS, api)) throw unknown('API', api, Object.keys(APIS));
    if (times !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(times) && times > 0)) {
      throw new RangeError(`times is a whole number from 1 on, or Infinity, not ${times}`);
    }
    const byTopic = topic !== undefined || partition !== undefined;
    if (byTopic && (api === 'any' || !answersByPartition(APIS[api]))) {
      const named = Object.values(APIS).filter(answersByPartition);
      const able = named.map(({ name }) => name).join(', ');
      throw new TypeError(`${api} has no topics and partitions to choose from; ${able} have`);
    }
    const fault = new ArmedFault(api, effect, options, times, () => this.#armed.delete(fault));
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
    topicName: TopicNames,
  ): ReturnType<Handler<Api>> {
    const { name } = served.api;
    const meant = (kind: Effect['kind']) => (fault: ArmedFault) =>
      fault.effect.kind === kind && fault.isFor(name, request, topicName);
    const armed = [...this.#armed];
    const disconnect = armed.find(meant('disconnect'));
    const error = disconnect === undefined ? armed.find(meant('error')) : undefined;
    const delay = armed.find(meant('delay'));
    disconnect?.meet();
    error?.meet();
    delay?.meet();
    const lose = disconnect?.effect.kind === 'disconnect' ? disconnect.effect.lose : null;
    if (lose === 'request') return this.#after(delay, context, () => lost(name));
    const answer =
      error === undefined
        ? served.handle(context, request)
        : failing(served, context, request, error, topicName);
    if (lose === null && delay === undefined) return answer;
    return this.#after(delay, context, async () => {
      await answer;
      return lose === null ? answer : lost(name);
    });
  }

  /** Ends sooner when the connection is ending. */
  async #after<T>(
    delay: ArmedFault | undefined,
    { connection }: RequestContext,
    then: () => Promise<T>,
  ): Promise<T> {
    const result = then();
    if (delay?.effect.kind !== 'delay') return result;
    // Its failure is the answer's, after the delay.
    result.catch(() => {});
    const { ms } = delay.effect;
    await new Promise<void>((resolve) => {
      const timer = this.#clock.schedule(ms, () => {
        forget();
        resolve();
      });
      const forget = connection.onClose(() => {
        timer.cancel();
        resolve();
      });
    });
    return result;
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
  { effect, filter }: ArmedFault,
  topicName: TopicNames,
): ReturnType<Handler<Api>> {
  const { api } = served;
  const code = effect.kind === 'error' ? effect.code : ErrorCode.UNKNOWN_SERVER_ERROR;
  const { meant, rest } = splitByTopic(request, filter, topicName);
  const answered = rest === null ? null : served.handle(context, rest);
  const failed = api.refused(meant ?? request, code, context.apiVersion);
  if (failed === null) throw new CloseConnection(`${api.name} failed: a fault was ordered`);
  served.noteRefused(context, meant ?? request, code);
  if (answered === null) return failed;
  return Promise.resolve(answered).then((answer) => withTopicsOf(answer, failed));
}

async function lost(name: string): Promise<never> {
  throw new CloseConnection(`${name}: a fault was ordered`);
}

function unknown(what: string, name: string, known: readonly string[]): TypeError {
  const nearest = nearestName(String(name), known);
  const advice = nearest === null ? '' : `: did you mean ${nearest}?`;
  return new TypeError(`there is no ${what} ${JSON.stringify(name)}${advice}`);
}
