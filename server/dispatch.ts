import { AssertionError, type Clock } from '../engine/index.js';
import { ApiError } from './api-error.js';
import { ANONYMOUS, type Releasable, type RequestContext } from './context.js';
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
import { ErrorCode } from './protocol/error-codes.js';
import {
  type AnyRequestFrame,
  decodeRequest,
  decodeRequestStart,
  encodeResponse,
} from './protocol/frame.js';
import { ProtocolError } from './protocol/protocol-error.js';
import type { RequestHook, RequestOutcome } from './request-hooks.js';

export interface RequestDispatcherOptions {
  readonly handlers: Handlers;
  readonly hooks: readonly RequestHook[];
  readonly limits: ServerLimits;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the process for a broken invariant. Throws outside of every promise by default. */
  crash?(error: AssertionError): void;
}

/** A response, or null for none. */
type Answer = object | null;

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
    APIS.OffsetFetch,
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

  async dispatch(
    frame: Buffer,
    connection: ConnectionInfo,
  ): Promise<readonly ResponsePart[] | null> {
    const request = this.#decode(frame, connection);
    if (Array.isArray(request)) return request;
    const { clock } = this.#options;
    const receivedMs = clock.monotonicMs();
    const held: Releasable[] = [];
    const context: RequestContext = {
      connection,
      listener: connection.listener,
      principal: ANONYMOUS,
      clientId: request.clientId,
      clientAddress: connection.remoteAddress,
      apiName: request.name,
      apiKey: request.apiKey,
      apiVersion: request.apiVersion,
      correlationId: request.correlationId,
      clock,
      receivedMs,
      deadlineMs: (waitMs) => receivedMs + Math.max(0, waitMs),
      hold: (resource) => void held.push(resource),
    };
    let kind: RequestOutcome['kind'] = 'failed';
    let responseBytes = 0;
    let parts: ResponsePart[] | null = null;
    try {
      const answer = this.#answer(context, request);
      // Most small requests are answered at once, and need no turn of the microtasks.
      const body = answer instanceof Promise ? await answer : answer;
      if (body !== null) parts = encode(request, body);
      kind = parts === null ? 'silent' : 'answered';
      responseBytes = bytesOf(parts);
      return parts;
    } catch (error) {
      if (error instanceof CloseConnection) kind = 'closed';
      else if (error instanceof AssertionError) this.#crash(error);
      throw error;
    } finally {
      // The connection owns the slices of an answer; without one they are still ours.
      if (parts === null) for (const resource of held) resource.release();
      const durationMs = clock.monotonicMs() - receivedMs;
      const outcome: RequestOutcome = { kind, durationMs, responseBytes };
      for (const hook of this.#options.hooks) hook.after?.(context, outcome);
    }
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

  /** The response, ours if the handler has none: an error as this API can carry it. Throws as well as rejects. */
  #answer(context: RequestContext, request: AnyRequestFrame): Answer | Promise<Answer> {
    try {
      for (const hook of this.#options.hooks) hook.before?.(context, request.body);
      const handler = this.#options.handlers[request.name] as Handler<ApiName>;
      const answer = handler(context, request.body as never);
      if (!(answer instanceof Promise)) return answer;
      return answer.catch((error: unknown) => this.#errorAnswer(context, request, error));
    } catch (error) {
      return this.#errorAnswer(context, request, error);
    }
  }

  #errorAnswer(context: RequestContext, request: AnyRequestFrame, error: unknown): Answer {
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
