import { connect, type Socket } from 'node:net';
import { FrameParser } from '../net/receiving/framing.js';
import type { Api, RequestOf } from '../protocol/api.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { decodeResponse, encodeRequest } from '../protocol/frame.js';
import { ApiVersions } from '../protocol/messages/api-versions.js';
import type { InputOf, ValueOf } from '../protocol/schema.js';
import { CliError, EXIT } from './cli-error.js';
import { CLI_LIMITS } from './limits.js';
import { type BootstrapOptions, bootstrapOf } from './profiles/bootstrap.js';
import type { ReportOptions } from './report.js';

/** A request as the caller writes it; fields with a default may be left out. */
export type RequestInput<A extends Api> = InputOf<A['request']>;

/** A decoded answer. Byte fields are views on its frame. */
export type Answer<A extends Api> = ValueOf<A['response']>;

export interface ClientOptions {
  /** `host:port`, or several with commas: the first that answers is used. */
  readonly bootstrap: string;
  /** Who says so, for a message. */
  readonly origin?: string;
  /** How long to wait for a connection, and for each answer. */
  readonly timeoutMs?: number;
}

/** The options of every command that talks to a broker. */
export interface ConnectionOptions extends ReportOptions, BootstrapOptions {
  /** How long to wait for a connection, and for each answer. */
  readonly timeoutMs?: number | undefined;
}

/** Connects, and closes the connection when `use` has settled. */
export async function withClient<T>(
  options: ConnectionOptions,
  use: (client: Client) => Promise<T>,
): Promise<T> {
  const { timeoutMs } = options;
  const client = await Client.connect({
    ...(await bootstrapOf(options, process.env)),
    ...(timeoutMs && { timeoutMs }),
  });
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

const CLIENT_ID = 'odradek-cli';
/** A response has at least its correlation id. */
const RESPONSE_BYTES_MIN = 4;
const DEFAULT_PORT = 9092;

interface Waiting {
  readonly resolve: (frame: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A small client for the command line and for tests: one connection, one request at a time, the
 * highest version that both sides know. It stays with the broker that it is connected to.
 */
export class Client {
  /** Where it is connected to, `host:port`. */
  readonly address: string;
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  readonly #versions = new Map<number, { min: number; max: number }>();
  #waiting: Waiting | null = null;
  #whenWritable: (() => void) | null = null;
  #failure: Error | null = null;
  #lastCorrelationId = 0;

  private constructor(address: string, socket: Socket, timeoutMs: number) {
    this.address = address;
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    const parser = new FrameParser({
      sizeMin: RESPONSE_BYTES_MIN,
      sizeMax: CLI_LIMITS.responseBytesMax,
      allocateAtOnceBytes: 1024 * 1024,
    });
    socket.on('data', (chunk: Buffer) => {
      try {
        parser.push(chunk, (frame) => this.#receive(frame));
      } catch (error) {
        this.#fail(
          new CliError(`${address} sent no answer of a Kafka broker`, EXIT.failure, {
            cause: error,
          }),
        );
      }
    });
    socket.on('drain', () => this.#whenWritable?.());
    socket.on('error', (error) => this.#fail(lost(address, error)));
    socket.on('close', () => this.#fail(lost(address)));
  }

  /** Connects and learns the versions. Rejects with a CliError that says what to do. */
  static async connect({
    bootstrap,
    origin = '',
    timeoutMs = CLI_LIMITS.requestTimeoutMs,
  }: ClientOptions): Promise<Client> {
    const addresses = parseBootstrap(bootstrap);
    let failure: unknown;
    for (const { host, port } of addresses) {
      try {
        const socket = await open(host, port, timeoutMs);
        const client = new Client(`${host}:${port}`, socket, timeoutMs);
        await client.#learnVersions();
        return client;
      } catch (error) {
        failure = error;
      }
    }
    if (failure instanceof CliError) throw failure;
    const code = (failure as { code?: unknown }).code ?? String(failure);
    throw new CliError(
      `no broker answers at ${bootstrap}${origin} (${code}): start one with "odradek start", or name another with --bootstrap-server`,
    );
  }

  /**
   * Sends one request and resolves with its answer; error codes in it are the caller's to judge.
   */
  async request<A extends Api>(api: A, body: RequestInput<A>): Promise<Answer<A>> {
    return this.#call(api, this.#versionOf(api), body);
  }

  /**
   * Sends a request that has no answer: Produce with acks=0. Resolves when the socket has room for
   * more, which says nothing about the broker; its refusal ends the connection.
   */
  async send<A extends Api>(api: A, body: RequestInput<A>): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    const version = this.#versionOf(api);
    const frame = encodeRequest(api, version, ++this.#lastCorrelationId, CLIENT_ID, body);
    if (this.#socket.write(frame)) return;
    // A connection that ends in between fails the next call.
    await new Promise<void>((resolve) => {
      this.#whenWritable = resolve;
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #versionOf({ name, key, min, max }: Api): number {
    const range = this.#versions.get(key);
    const version = Math.min(max, range?.max ?? -1);
    if (range === undefined || version < Math.max(min, range.min)) {
      throw new CliError(
        `the broker at ${this.address} has no version of ${name} that odradek speaks`,
      );
    }
    return version;
  }

  async #learnVersions(): Promise<void> {
    // Version 0, which every broker since 0.10 answers.
    const { errorCode, apiKeys } = await this.#call(ApiVersions, 0, NO_SOFTWARE);
    if (errorCode !== ErrorCode.NONE) {
      throw new CliError(
        `the broker at ${this.address} refuses ApiVersions with error ${errorCode}`,
      );
    }
    for (const { apiKey, minVersion, maxVersion } of apiKeys) {
      this.#versions.set(apiKey, { min: minVersion, max: maxVersion });
    }
  }

  async #call<A extends Api>(
    api: A,
    version: number,
    body: InputOf<A['request']>,
  ): Promise<ValueOf<A['response']>> {
    if (this.#failure !== null) throw this.#failure;
    if (this.#waiting !== null) throw new Error('a client asks one thing at a time');
    const correlationId = ++this.#lastCorrelationId;
    const frame = await new Promise<Buffer>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#fail(new CliError(`${this.address} did not answer within ${this.#timeoutMs} ms`));
      }, this.#timeoutMs);
      const settled = <T>(settle: (value: T) => void) => {
        return (value: T): void => {
          clearTimeout(timer);
          settle(value);
        };
      };
      this.#waiting = { resolve: settled(resolve), reject: settled(reject) };
      this.#socket.write(encodeRequest(api, version, correlationId, CLIENT_ID, body));
    });
    const answer = decodeResponse(api, version, frame);
    if (answer.correlationId !== correlationId) {
      throw new CliError(`${this.address} answered another request than was asked`);
    }
    return answer.body;
  }

  #receive(frame: Buffer): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve(frame);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#socket.destroy();
    this.#whenWritable?.();
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(error);
  }
}

const NO_SOFTWARE: RequestOf<typeof ApiVersions> = {
  clientSoftwareName: '',
  clientSoftwareVersion: '',
  clusterId: null,
  nodeId: -1,
};

/**
 * `host:port` with commas between; the port may be left out, an IPv6 address stands in brackets.
 */
export function parseBootstrap(text: string): { host: string; port: number }[] {
  return text.split(',').map((element) => {
    const [, bracketed, plain, portText] =
      /^(?:\[([^\]]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/.exec(element.trim()) ?? [];
    const host = bracketed ?? plain;
    const port = portText === undefined ? DEFAULT_PORT : Number(portText);
    if (host === undefined || port === 0 || port > 65_535) {
      throw new CliError(
        `--bootstrap-server ${JSON.stringify(element)} is not HOST:PORT, such as localhost:9092`,
        EXIT.usage,
      );
    }
    return { host, port };
  });
}

function open(host: string, port: number, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    const timer = setTimeout(() => {
      socket.destroy(Object.assign(new Error('timed out'), { code: 'ETIMEDOUT' }));
    }, timeoutMs);
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

function lost(address: string, cause?: Error): CliError {
  const why = (cause as { code?: unknown } | undefined)?.code;
  const reason = why === undefined ? '' : ` (${why})`;
  return new CliError(
    `the connection to ${address} ended before the answer came${reason}: is it a Kafka broker, and still running?`,
    EXIT.failure,
    { cause },
  );
}
