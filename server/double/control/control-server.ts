import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SERVER_LIMITS } from '../../limits.js';
import type { RunningBroker } from '../running-broker.js';
import { asControlError, ControlError } from './control-error.js';
import { type ControlRoutes, controlRoutes } from './control-routes.js';
import { foreignOrigin } from './origin.js';

/** A control port that is open. */
export interface ControlServer {
  /** `http://127.0.0.1:…`. */
  readonly url: string;
  /** Ends every connection. Resolves when the port is free. */
  close(): Promise<void>;
}

/**
 * Opens the control port of a broker on 127.0.0.1: JSON over HTTP, for tests in any language.
 * `port` 0 is a free one. Rejects with the system's error, such as EADDRINUSE.
 */
export async function openControl(broker: RunningBroker, port: number): Promise<ControlServer> {
  const routes = controlRoutes(broker);
  const server = createServer((request, response) => void serve(routes, request, response));
  const { controlConnectionsMax, controlRequestMs } = SERVER_LIMITS;
  server.maxConnections = controlConnectionsMax;
  server.requestTimeout = controlRequestMs;
  server.headersTimeout = controlRequestMs;
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { port: bound } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${bound}`, close: () => closed(server) };
}

async function closed(server: Server): Promise<void> {
  const ended = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await ended;
}

async function serve(
  routes: ControlRoutes,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const foreign = foreignOrigin(request.headers);
    if (foreign !== null) throw new ControlError(403, 'FOREIGN_ORIGIN', foreign);
    answer(response, 200, await answerTo(routes, request, response));
  } catch (error) {
    const { status, code, message } = asControlError(error);
    answer(response, status, { error: { code, message } });
  }
}

async function answerTo(
  routes: ControlRoutes,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<unknown> {
  const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://127.0.0.1');
  const methods = routes.get(pathname);
  if (methods === undefined) {
    const known = [...routes.keys()].join(' ');
    throw new ControlError(404, 'NOT_FOUND', `there is nothing here, but at ${known}`);
  }
  const method = request.method ?? '';
  const answerer = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (answerer === undefined) {
    const allowed = Object.keys(methods).join(', ');
    response.setHeader('Allow', allowed);
    throw new ControlError(405, 'METHOD_NOT_ALLOWED', `${pathname} takes ${allowed}`);
  }
  const body = await bodyOf(request);
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  return answerer({ query, body, signal: gone.signal });
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > SERVER_LIMITS.controlBodyBytesMax) {
      throw new ControlError(
        413,
        'BODY_TOO_LARGE',
        `a body has at most ${SERVER_LIMITS.controlBodyBytesMax} bytes`,
      );
    }
    chunks.push(chunk);
  }
  if (bytes === 0) return null;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new ControlError(400, 'INVALID_BODY', 'the body is no JSON');
  }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed) return;
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(`${JSON.stringify(body)}\n`);
}
