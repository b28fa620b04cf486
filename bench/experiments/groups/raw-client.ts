import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { APIS, type ApiName } from '../../../server/handlers/apis.js';
import { FrameParser } from '../../../server/net/receiving/framing.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import { decodeResponse, encodeRequest } from '../../../server/protocol/frame.js';
import type { InputOf, ValueOf } from '../../../server/protocol/schema.js';

export type Body<N extends ApiName> = InputOf<(typeof APIS)[N]['request']>;
export type Answer<N extends ApiName> = ValueOf<(typeof APIS)[N]['response']>;

const CLIENT_ID = 'bench';

/** One connection with pipelined requests, and none of a client library's waits. */
export class RawClient {
  readonly #socket: Socket;
  readonly #waiting: ((frame: Buffer) => void)[] = [];
  #lastCorrelationId = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const parser = new FrameParser({
      sizeMin: 4,
      sizeMax: 2 ** 31 - 1,
      allocateAtOnceBytes: 1024 * 1024,
    });
    socket.on('data', (chunk: Buffer) => {
      parser.push(chunk, (frame) => this.#waiting.shift()?.(frame));
    });
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  /** A request as it goes over the wire, to be sent any number of times. */
  static frame<N extends ApiName>(name: N, version: number, body: Body<N>): Buffer {
    return encodeRequest(APIS[name], version, 0, CLIENT_ID, body as never);
  }

  /** Sends a frame; resolves with the frame of its answer, whose correlation id is 0 too. */
  exchange(frame: Buffer): Promise<Buffer> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#socket.write(frame);
    });
  }

  async call<N extends ApiName>(name: N, version: number, body: Body<N>): Promise<Answer<N>> {
    const id = ++this.#lastCorrelationId;
    const frame = encodeRequest(APIS[name], version, id, CLIENT_ID, body as never);
    return decodeResponse(APIS[name], version, await this.exchange(frame)).body as Answer<N>;
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** Throws unless the code says that all is well. */
export function check(what: string, errorCode: number): void {
  if (errorCode === ErrorCode.NONE) return;
  const name = Object.entries(ErrorCode).find(([, code]) => code === errorCode)?.[0];
  throw new Error(`${what}: ${name ?? errorCode}`);
}

/** Creates a topic; resolves when it can be written to. */
export async function createTopic(
  client: RawClient,
  name: string,
  numPartitions: number,
): Promise<void> {
  const { topics } = await client.call('CreateTopics', 5, {
    topics: [{ name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 30_000,
    validateOnly: false,
  });
  for (const topic of topics) check(`creating ${name}`, topic.errorCode);
}
