import { AssertionError, type Clock, type TurnSlices } from '../../engine/index.js';
import type { ServerLimits } from '../limits.js';
import type { Logger } from '../logging/log.js';
import { type RateLimitedLogger, rateLimited } from '../logging/rate-limit.js';
import {
  CloseConnection,
  type ConnectionInfo,
  type Dispatcher,
  type DispatchMode,
} from '../net/dispatcher.js';
import type { ResponsePart } from '../net/sending/response-writer.js';
import type { ApiByKey } from '../protocol/api.js';
import { ApiError } from '../protocol/api-error.js';
import { ELEMENTS_AT_ONCE_MAX } from '../protocol/encode-in-slices.js';
import { ErrorCode } from '../protocol/error-codes.js';
import {
  decodeRequest,
  decodeRequestInSlices,
  decodeRequestStart,
  encodeResponse,
  encodeResponseInSlices,
  isLargeResponse,
  type RequestFrame,
} from '../protocol/frame.js';
import { ApiVersions } from '../protocol/messages/api-versions.js';
import { ProtocolError } from '../protocol/protocol-error.js';
import { type Admission, type RequestOutcome, throttled } from './admission.js';
import { OpenRequest } from './context.js';
import type { OpenHandler } from './open-handler.js';
import { unsupportedApiVersions } from './unsupported-version.js';

export interface RequestDispatcherOptions {
  readonly handlers: readonly OpenHandler[];
  readonly admission: Admission;
  readonly limits: ServerLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Cuts the work of a long request, and the encoding of its answer, into slices. */
  readonly slices: TurnSlices;
  /** Ends the process for a broken invariant. Throws outside of every promise by default. */
  crash?(error: AssertionError): void;
}

/** A response, or null for none. */
type Answer = object | null;

/** An encoded response, or null for none. */
type Parts = readonly ResponsePart[] | null;

/**
 * From frame to handler and back: decodes, admits, runs the handler, encodes. Everything up
 * to the handler's first await happens within the call, so that pipelined appends keep their order.
 * No request can end the process; only a broken invariant does.
 */
export class RequestDispatcher implements Dispatcher {
  readonly #options: RequestDispatcherOptions;
  readonly #limitedLog: RateLimitedLogger;
  readonly #byKey: (OpenHandler | undefined)[] = [];
  readonly #apiByKey: ApiByKey = (key) => this.#byKey[key]?.api;

  constructor(options: RequestDispatcherOptions) {
    this.#options = options;
    for (const handler of options.handlers) this.#byKey[handler.api.key] = handler;
    this.#limitedLog = rateLimited(options.logger, { clock: options.clock });
  }

  mode(frame: Buffer): DispatchMode {
    return this.#byKey[frame.readInt16BE(0)]?.order ?? 'alone';
  }

  isDoneWithFrame(frame: Buffer): boolean {
    return this.#byKey[frame.readInt16BE(0)]?.isDoneWithFrame ?? false;
  }

  hasElements(frame: Buffer, elementsMin: number): boolean {
    try {
      decodeRequest(frame, this.#apiByKey, elementsMin - 1);
      return false;
    } catch (error) {
      if (error instanceof ProtocolError) return error.code === 'TOO_MANY_ELEMENTS';
      throw error;
    }
  }

  /** It is written with promises: as an async function it makes more than twice the garbage. */
  dispatch(frame: Buffer, connection: ConnectionInfo): Promise<Parts> {
    try {
      const request = this.#decode(frame, connection);
      if (request === 'large') return this.#dispatchLarge(frame, connection);
      if (Array.isArray(request)) return Promise.resolve(request);
      const { clock, slices } = this.#options;
      const { readsOnly } = this.#handlerOf(request);
      const context = new OpenRequest(connection, clock, slices, request, readsOnly);
      if (request.elements > 0) context.inProgress = connection.didBegin(request.elements);
      return this.#answer(context, request);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Other connections are served while it is decoded, but not its own. */
  async #dispatchLarge(frame: Buffer, connection: ConnectionInfo): Promise<Parts> {
    const { clock, slices, limits } = this.#options;
    const elementsMax = limits.arrayElementsPerRequestMax;
    connection.runAlone();
    // The number of elements is unknown yet; an element takes a byte at least.
    const elementsGuessed = Math.min(frame.length, elementsMax);
    const inProgress = connection.didBegin(elementsGuessed);
    const begun = { receivedMs: clock.monotonicMs(), work: slices.begin() };
    let request: RequestFrame;
    try {
      request = await decodeRequestInSlices(frame, this.#apiByKey, elementsMax, begun.work);
    } catch (error) {
      inProgress?.end();
      throw this.#unreadable(error, connection);
    }
    inProgress?.add(request.elements - elementsGuessed);
    const context = new OpenRequest(connection, clock, slices, request, false, begun);
    context.inProgress = inProgress;
    return this.#answer(context, request);
  }

  /** Throws as well as rejects. */
  #answer(context: OpenRequest, request: RequestFrame): Promise<Parts> {
    const served = this.#handlerOf(request);
    let answer: Answer | Promise<Answer>;
    try {
      context.throttleMs = this.#options.admission.admit(context, served, request.body);
      answer = served.handle(context, request.body);
    } catch (error) {
      return Promise.resolve(this.#answerError(context, request, error));
    }
    // Most small requests are answered at once, and need no turn of the microtasks.
    if (!(answer instanceof Promise)) return Promise.resolve(this.#end(context, request, answer));
    return answer.then(
      (body) => this.#end(context, request, body),
      (error: unknown) => this.#answerError(context, request, error),
    );
  }

  #answerError(
    context: OpenRequest,
    request: RequestFrame,
    error: unknown,
  ): Parts | Promise<Parts> {
    let body: Answer;
    try {
      body = this.#errorAnswer(context, request, error);
    } catch (final) {
      return this.#endWithout(context, final);
    }
    return this.#end(context, request, body);
  }

  /** Encodes the answer and ends the request. */
  #end(context: OpenRequest, request: RequestFrame, body: Answer): Parts | Promise<Parts> {
    let parts: ResponsePart[] | null;
    try {
      if (body !== null && context.throttleMs > 0) {
        body = throttled(request.api, request.apiVersion, body, context.throttleMs);
      }
      if (body !== null && this.#isLarge(request, body)) {
        if (context.connection.isGone) body = null;
        else return this.#endInSlices(context, request, body);
      }
      parts = body === null ? null : encode(request, body);
    } catch (error) {
      return this.#endWithout(context, error);
    }
    this.#ended(context, parts === null ? 'silent' : 'answered', parts);
    return parts;
  }

  async #endInSlices(context: OpenRequest, request: RequestFrame, body: object): Promise<Parts> {
    const { api, apiVersion, correlationId } = request;
    let parts: ResponsePart[];
    try {
      parts = (await encodeResponseInSlices(
        api,
        apiVersion,
        correlationId,
        body as never,
        context.work,
      )) as ResponsePart[];
    } catch (error) {
      return this.#endWithout(context, error);
    }
    this.#ended(context, 'answered', parts);
    return parts;
  }

  /** Ends a request without an answer, and its connection. */
  #endWithout(context: OpenRequest, error: unknown): never {
    if (error instanceof AssertionError) this.#crash(error);
    this.#ended(context, error instanceof CloseConnection ? 'closed' : 'failed', null);
    throw error;
  }

  #ended(
    context: OpenRequest,
    kind: RequestOutcome['kind'],
    parts: readonly ResponsePart[] | null,
  ): void {
    // The connection owns the slices of an answer; without an answer they are released here.
    if (parts === null) context.releaseHeld();
    context.inProgress?.end();
    const durationMs = this.#options.clock.monotonicMs() - context.receivedMs;
    const outcome: RequestOutcome = { kind, durationMs, responseBytes: bytesOf(parts) };
    this.#options.admission.ended(context, outcome);
    if (context.throttleMs > 0) context.connection.mute(context.throttleMs);
  }

  /**
   * The request, or the finished answer to an ApiVersions request of an unknown version, or `large`
   * for one that is to be decoded in slices.
   */
  #decode(frame: Buffer, connection: ConnectionInfo): RequestFrame | ResponsePart[] | 'large' {
    const { arrayElementsPerRequestMax, requestElementsAtOnceMax } = this.#options.limits;
    try {
      const { apiKey, apiVersion, correlationId } = decodeRequestStart(frame);
      if (apiKey === ApiVersions.key) {
        const api = this.#apiByKey(apiKey) ?? ApiVersions;
        if (apiVersion > api.max) return unsupportedApiVersions(api, correlationId);
      }
      return decodeRequest(frame, this.#apiByKey, requestElementsAtOnceMax);
    } catch (error) {
      const isLarge = error instanceof ProtocolError && error.code === 'TOO_MANY_ELEMENTS';
      if (isLarge && requestElementsAtOnceMax < arrayElementsPerRequestMax) return 'large';
      throw this.#unreadable(error, connection);
    }
  }

  /** The error that ends the connection because of unreadable bytes. */
  #unreadable(error: unknown, connection: ConnectionInfo): unknown {
    if (!(error instanceof ProtocolError)) return error;
    const fields = { client: connection.remoteAddress, code: error.code, reason: error.message };
    this.#limitedLog.log('warn', error.code, fields, 'a request cannot be read; closing');
    return new CloseConnection(error.message);
  }

  /**
   * The answer for an error that the handler did not answer itself, in the form of this API. Throws
   * where there is no answer.
   */
  #errorAnswer(context: OpenRequest, request: RequestFrame, error: unknown): Answer {
    if (error instanceof CloseConnection || error instanceof AssertionError) throw error;
    const expected = error instanceof ApiError;
    if (!expected) {
      const { apiName, apiVersion, clientId, clientAddress } = context;
      this.#limitedLog.log(
        'error',
        `${apiName} failed`,
        { api: apiName, version: apiVersion, clientId, client: clientAddress, error },
        'a request failed in an unexpected way',
      );
    }
    const code = expected ? ErrorCode[error.code] : ErrorCode.UNKNOWN_SERVER_ERROR;
    const mayAnswer = expected || !this.#handlerOf(request).closesOnDefect;
    const answer = mayAnswer ? request.api.refused(request.body, code, context.apiVersion) : null;
    if (answer !== null) return answer;
    throw new CloseConnection(`${context.apiName} failed, and has no answer that says so`);
  }

  #handlerOf({ api }: RequestFrame): OpenHandler {
    return this.#byKey[api.key] as OpenHandler;
  }

  #isLarge(request: RequestFrame, body: object): boolean {
    const { api, apiVersion, elements } = request;
    if (elements <= ELEMENTS_AT_ONCE_MAX && this.#handlerOf(request).answersInKind) return false;
    return isLargeResponse(api, apiVersion, body as never);
  }

  #crash(error: AssertionError): void {
    if (this.#options.crash !== undefined) this.#options.crash(error);
    // Thrown outside of every promise, so that no caller can take it for a failed request.
    else setImmediate(() => raise(error));
  }
}

function raise(error: AssertionError): never {
  throw error;
}

function encode({ api, apiVersion, correlationId }: RequestFrame, body: object): ResponsePart[] {
  // Every part that is not a buffer is a slice that the handler put there.
  return encodeResponse(api, apiVersion, correlationId, body as never) as ResponsePart[];
}

function bytesOf(parts: readonly ResponsePart[] | null): number {
  let bytes = 0;
  for (const part of parts ?? []) if (Buffer.isBuffer(part)) bytes += part.length;
  return bytes;
}
