import { AssertionError, type Clock, type TurnSlices } from '../engine/index.js';
import { ApiError } from './api-error.js';
import { OpenRequest } from './context.js';
import { failureResponse, unsupportedApiVersions } from './handlers/failures.js';
import type { Handler, Handlers } from './handlers/handler.js';
import type { ServerLimits } from './limits.js';
import type { Logger } from './logging/log.js';
import { type RateLimitedLogger, rateLimited } from './logging/rate-limit.js';
import {
  CloseConnection,
  type ConnectionInfo,
  type Dispatcher,
  type DispatchMode,
} from './net/dispatcher.js';
import type { ResponsePart } from './net/response-writer.js';
import { APIS, type ApiName, type KnownApi, lookupApi } from './protocol/api-keys.js';
import { ELEMENTS_AT_ONCE_MAX } from './protocol/encode-in-slices.js';
import { ErrorCode } from './protocol/error-codes.js';
import {
  type AnyRequestFrame,
  decodeRequest,
  decodeRequestStart,
  encodeResponse,
  encodeResponseInSlices,
  isLargeResponse,
} from './protocol/frame.js';
import { ProtocolError } from './protocol/protocol-error.js';
import type { RequestHook, RequestOutcome } from './request-hooks.js';

export interface RequestDispatcherOptions {
  readonly handlers: Handlers;
  readonly hooks: readonly RequestHook[];
  readonly limits: ServerLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Cuts what is long about a request, and the encoding of its answer. */
  readonly slices: TurnSlices;
  /** Ends the process for a broken invariant. Throws outside of every promise by default. */
  crash?(error: AssertionError): void;
}

/** A response, or null for none. */
type Answer = object | null;

/** An encoded response, or null for none. */
type Parts = readonly ResponsePart[] | null;

/**
 * Requests that may overlap with others of their connection: appends keep their order because they are made in the turn of their
 * dispatch, and a fetch sees whatever is committed when it answers. Those of group members take effect in that turn too, so
 * that neither a member that waits for its group holds up fetches, nor a long fetch a heartbeat. The rest runs alone, as
 * everything does in Kafka.
 */
const PIPELINED: ReadonlySet<number> = new Set(
  [
    APIS.Produce,
    APIS.Fetch,
    APIS.ApiVersions,
    APIS.JoinGroup,
    APIS.SyncGroup,
    APIS.Heartbeat,
    APIS.LeaveGroup,
    APIS.OffsetCommit,
  ].map(({ key }) => key),
);

/**
 * From frame to handler and back: decodes, runs the hooks and the handler, encodes. Everything up to the handler's
 * first await happens within the call, so that pipelined appends keep their order. No request can end the process;
 * only a broken invariant does.
 */
export class RequestDispatcher implements Dispatcher {
  readonly #options: RequestDispatcherOptions;
  readonly #limitedLog: RateLimitedLogger;

  constructor(options: RequestDispatcherOptions) {
    this.#options = options;
    this.#limitedLog = rateLimited(options.logger, { clock: options.clock });
  }

  mode(frame: Buffer): DispatchMode {
    return PIPELINED.has(frame.readInt16BE(0)) ? 'pipelined' : 'alone';
  }

  /** A batch is in its log, or copied, when its append settles. Other requests leave pieces with groups and sessions. */
  isDoneWithFrame(frame: Buffer): boolean {
    return frame.readInt16BE(0) === APIS.Produce.key;
  }

  /** Spelt out with promises: as an async function the same makes more than twice the garbage. */
  dispatch(frame: Buffer, connection: ConnectionInfo): Promise<Parts> {
    try {
      const request = this.#decode(frame, connection);
      if (Array.isArray(request)) return Promise.resolve(request);
      const { clock, slices } = this.#options;
      if (request.elements > 0) connection.didBegin(request.elements);
      return this.#answer(new OpenRequest(connection, clock, slices, request), request);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Throws as well as rejects. */
  #answer(context: OpenRequest, request: AnyRequestFrame): Promise<Parts> {
    let answer: Answer | Promise<Answer>;
    try {
      for (const hook of this.#options.hooks) hook.before?.(context, request.body);
      const handler = this.#options.handlers[request.name] as Handler<ApiName>;
      answer = handler(context, request.body as never);
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
    request: AnyRequestFrame,
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

  /** Encodes what was answered. Nothing of the request follows. */
  #end(context: OpenRequest, request: AnyRequestFrame, body: Answer): Parts | Promise<Parts> {
    let parts: ResponsePart[] | null;
    try {
      if (body !== null && isLarge(request, body)) {
        return this.#endInSlices(context, request, body);
      }
      parts = body === null ? null : encode(request, body);
    } catch (error) {
      return this.#endWithout(context, error);
    }
    this.#ended(context, parts === null ? 'silent' : 'answered', parts);
    return parts;
  }

  async #endInSlices(context: OpenRequest, request: AnyRequestFrame, body: object): Promise<Parts> {
    const { apiKey, apiVersion, correlationId } = request;
    const api = lookupApi(apiKey) as KnownApi;
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

  /** There is no answer, and the connection is to end. */
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
    // The connection owns the slices of an answer; without one they are still ours.
    if (parts === null) context.releaseHeld();
    const durationMs = this.#options.clock.monotonicMs() - context.receivedMs;
    const outcome: RequestOutcome = { kind, durationMs, responseBytes: bytesOf(parts) };
    for (const hook of this.#options.hooks) hook.after?.(context, outcome);
  }

  /** The request, or the finished answer to an ApiVersions request of an unknown version. */
  #decode(frame: Buffer, connection: ConnectionInfo): AnyRequestFrame | ResponsePart[] {
    try {
      const { apiKey, apiVersion, correlationId } = decodeRequestStart(frame);
      if (apiKey === APIS.ApiVersions.key && apiVersion > APIS.ApiVersions.max) {
        return unsupportedApiVersions(correlationId);
      }
      return decodeRequest(frame, this.#options.limits.arrayElementsPerRequestMax);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const fields = { client: connection.remoteAddress, code: error.code, reason: error.message };
      this.#limitedLog.log('warn', error.code, fields, 'a request cannot be read; closing');
      throw new CloseConnection(error.message);
    }
  }

  /** Ours where the handler has none: the error as this API can carry it. Throws what has no answer. */
  #errorAnswer(context: OpenRequest, request: AnyRequestFrame, error: unknown): Answer {
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
    const response = failureResponse(request.name, context.apiVersion, code);
    if (response !== null) return response;
    throw new CloseConnection(`${context.apiName} failed and has no place for an error`);
  }

  #crash(error: AssertionError): void {
    if (this.#options.crash !== undefined) this.#options.crash(error);
    // Outside of every promise, so that nobody can take it for a failed request.
    else setImmediate(() => raise(error));
  }
}

function raise(error: AssertionError): never {
  throw error;
}

/** An answer to Produce is as large as its request. */
function isLarge(request: AnyRequestFrame, body: object): boolean {
  const { apiKey, apiVersion, elements } = request;
  if (apiKey === APIS.Produce.key && elements <= ELEMENTS_AT_ONCE_MAX) return false;
  return isLargeResponse(lookupApi(apiKey) as KnownApi, apiVersion, body as never);
}

function encode(
  { apiKey, apiVersion, correlationId }: AnyRequestFrame,
  body: object,
): ResponsePart[] {
  const api = lookupApi(apiKey) as KnownApi;
  // Every part that is not a buffer is a slice that the handler put there.
  return encodeResponse(api, apiVersion, correlationId, body as never) as ResponsePart[];
}

function bytesOf(parts: readonly ResponsePart[] | null): number {
  let bytes = 0;
  for (const part of parts ?? []) if (Buffer.isBuffer(part)) bytes += part.length;
  return bytes;
}
