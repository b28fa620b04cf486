import type { Clock } from '../../engine/index.js';
import type { ApiName } from '../handlers/apis.js';
import { SERVER_LIMITS } from '../limits.js';
import { ApiError } from '../protocol/api-error.js';
import type { ErrorName } from '../protocol/error-codes.js';
import type { RequestContext } from '../request/context.js';
import type { OpenHandler } from '../request/open-handler.js';
import type { Changes } from './changes.js';
import type { TopicNames } from './faults.js';
import type { Observer } from './observer.js';
import { errorOf, groupOf, shortened, topicsOf } from './request-facts.js';

/** One request of a client, as the broker has seen it. */
export interface TrackedRequest {
  readonly api: ApiName;
  readonly apiVersion: number;
  readonly clientId: string | null;
  /** The topics that it names, the first hundred of them; empty where it names none. */
  readonly topics: readonly string[];
  /** The group that it is about; null where it names none. */
  readonly group: string | null;
  /** The broker's time at which it began, in milliseconds since the Unix epoch. */
  readonly atMs: number;
  /**
   * `waiting` until it has ended; `silent`: it wants no answer, as Produce with acks=0;
   * `disconnected`: its connection was ended instead of an answer.
   */
  readonly outcome: 'waiting' | 'answered' | 'silent' | 'disconnected';
  /** The first error in its answer; null where there is none. */
  readonly error: ErrorName | null;
}

/** The requests that are meant: those that fit all that is given. */
export interface RequestFilter {
  readonly api?: ApiName | undefined;
  /** Requests that name this topic. */
  readonly topic?: string | undefined;
  readonly clientId?: string | undefined;
  readonly group?: string | undefined;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * The last requests of clients, in the order in which they began; the oldest are forgotten beyond
 * `trackedRequestsMax`.
 */
export class RequestLog implements Observer {
  readonly #clock: Clock;
  readonly #changes: Changes;
  #requests: TrackedRequest[] = [];
  #forgotten = 0;

  constructor(clock: Clock, changes: Changes) {
    this.#clock = clock;
    this.#changes = changes;
  }

  /** Requests that it has forgotten since `clear`. */
  get forgotten(): number {
    return this.#forgotten;
  }

  /** The requests that fit, copied. */
  find({ api, topic, clientId, group }: RequestFilter = {}): TrackedRequest[] {
    return this.#requests
      .filter(
        (request) =>
          (api === undefined || request.api === api) &&
          (topic === undefined || request.topics.includes(topic)) &&
          (clientId === undefined || request.clientId === clientId) &&
          (group === undefined || request.group === group),
      )
      .map((request) => ({ ...request }));
  }

  clear(): void {
    this.#requests = [];
    this.#forgotten = 0;
  }

  moved(): void {
    this.#changes.note();
  }

  around(handlers: readonly OpenHandler[], topicName: TopicNames): OpenHandler[] {
    return handlers.map((served) => ({
      ...served,
      handle: (context, request) => {
        const tracked = this.#begin(context, request, topicName);
        try {
          const answer = served.handle(context, request);
          if (answer instanceof Promise) return this.#whenAnswered(tracked, answer);
          this.#end(tracked, answer);
          return answer;
        } catch (error) {
          this.#failed(tracked, error);
          throw error;
        }
      },
    }));
  }

  #begin(
    { apiName, apiVersion, clientId }: RequestContext,
    request: object,
    topicName: TopicNames,
  ): Mutable<TrackedRequest> {
    const tracked: Mutable<TrackedRequest> = {
      api: apiName as ApiName,
      apiVersion,
      clientId: clientId === null ? null : shortened(clientId),
      topics: topicsOf(request, topicName),
      group: groupOf(request),
      atMs: this.#clock.wallMs(),
      outcome: 'waiting',
      error: null,
    };
    this.#requests.push(tracked);
    // Cut now and then: to move all of them for every request would cost more than the request.
    const { trackedRequestsMax } = SERVER_LIMITS;
    if (this.#requests.length >= 2 * trackedRequestsMax) {
      this.#forgotten += this.#requests.length - trackedRequestsMax;
      this.#requests = this.#requests.slice(-trackedRequestsMax);
    }
    this.#changes.note();
    return tracked;
  }

  async #whenAnswered<T extends object | null>(
    tracked: Mutable<TrackedRequest>,
    answer: Promise<T>,
  ): Promise<T> {
    try {
      const body = await answer;
      this.#end(tracked, body);
      return body;
    } catch (error) {
      this.#failed(tracked, error);
      throw error;
    }
  }

  #end(tracked: Mutable<TrackedRequest>, answer: object | null): void {
    tracked.outcome = answer === null ? 'silent' : 'answered';
    tracked.error = errorOf(answer);
    this.#changes.note();
  }

  #failed(tracked: Mutable<TrackedRequest>, error: unknown): void {
    const isAnswered = error instanceof ApiError;
    tracked.outcome = isAnswered ? 'answered' : 'disconnected';
    tracked.error = isAnswered ? error.code : null;
    this.#changes.note();
  }
}
