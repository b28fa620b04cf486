import type { Clock, TurnSlices, Work } from '../../engine/index.js';
import type { ConnectionInfo } from '../net/dispatcher.js';
import type { InProgress } from '../net/receiving/requests-in-progress.js';
import type { RequestFrame } from '../protocol/frame.js';
import { AnswerGate } from './answer-gate.js';

/** A resource that a response holds until it was sent: a slice of a log file. */
export interface Releasable {
  release(): void;
}

/**
 * Everything about a request except its body. One per request; handed to admission and to
 * the handler.
 */
export interface RequestContext {
  readonly connection: ConnectionInfo;
  /** Name of the listener, upper case. */
  readonly listener: string;
  /** The principal of the client, in Kafka's form `User:NAME`. */
  readonly principal: string;
  /** Chosen by the client, any characters, not to be trusted or logged unescaped. */
  readonly clientId: string | null;
  readonly clientAddress: string;
  readonly apiName: string;
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clock: Clock;
  /** Monotonic time at which the request began to be handled. */
  readonly receivedMs: number;
  /** Cuts the work of a long request into slices: handlers and the encoder report to it. */
  readonly work: Work;
  /**
   * Monotonic time by which the answer is due: the beginning of the request plus the wait that it
   * asks for. A waiting handler ends its wait then.
   */
  deadlineMs(waitMs: number): number;
  /**
   * From now on the request waits for something else, and its memory is bounded where it waits: it
   * does not count among the large requests in progress any more.
   */
  waits(): void;
  /**
   * The connection is not served for so long once this is answered, and the answer says so where
   * its API can.
   */
  throttle(ms: number): void;
  /**
   * Takes a resource that the answer holds; it is released unless the answer reaches the
   * connection.
   */
  hold(resource: Releasable): void;
}

/**
 * The context of one request while it is answered. One object, without closures: every request has
 * one.
 */
export class OpenRequest implements RequestContext {
  readonly connection: ConnectionInfo;
  readonly listener: string;
  readonly principal: string;
  readonly clientId: string | null;
  readonly clientAddress: string;
  readonly apiName: string;
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clock: Clock;
  readonly receivedMs: number;
  /** Array elements of the request. */
  readonly elements: number;
  /** Set for a large request. */
  inProgress: InProgress | null = null;
  /** Milliseconds for which the connection is not served once this is answered. */
  throttleMs = 0;
  /** Whether the request only reads: it may wait, and be given up, in the middle. */
  readonly #readsOnly: boolean;
  readonly #slices: TurnSlices;
  /** Made when a request reports work; most requests are too short. */
  #work: Work | null;
  #held: Releasable[] | null = null;

  constructor(
    connection: ConnectionInfo,
    clock: Clock,
    slices: TurnSlices,
    { api, clientId, apiVersion, correlationId, elements }: RequestFrame,
    readsOnly: boolean,
    begun: { readonly receivedMs: number; readonly work: Work } | null = null,
  ) {
    this.connection = connection;
    this.listener = connection.listener;
    this.principal = connection.principal;
    this.clientId = clientId;
    this.clientAddress = connection.remoteAddress;
    this.apiName = api.name;
    this.apiKey = api.key;
    this.apiVersion = apiVersion;
    this.correlationId = correlationId;
    this.clock = clock;
    this.receivedMs = begun === null ? clock.monotonicMs() : begun.receivedMs;
    this.#work = begun === null ? null : begun.work;
    this.#slices = slices;
    this.#readsOnly = readsOnly;
    this.elements = elements;
  }

  get work(): Work {
    this.#work ??= this.#slices.begin(this.#readsOnly ? new AnswerGate(this) : null);
    return this.#work;
  }

  deadlineMs(waitMs: number): number {
    return this.receivedMs + Math.max(0, waitMs);
  }

  waits(): void {
    this.inProgress?.end();
  }

  throttle(ms: number): void {
    this.throttleMs = Math.max(this.throttleMs, ms);
  }

  hold(resource: Releasable): void {
    this.#held ??= [];
    this.#held.push(resource);
  }

  /** Releases the resources of an answer that will not reach the connection. */
  releaseHeld(): void {
    for (const resource of this.#held ?? []) resource.release();
    this.#held = null;
  }
}
