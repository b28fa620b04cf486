import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { APIS } from '../../server/handlers/apis.js';
import { decodeResponse, encodeRequest } from '../../server/protocol/frame.js';
import type { Target } from '../brokers/target.js';
import { batchOf } from './frames.js';
import { summarize } from './histogram.js';
import { voided } from './outcome.js';
import type { Sample } from './row.js';

const PRODUCE_VERSION = 7;
const FETCH_VERSION = 11;
const CLIENT_ID = 'bench';
const MAX_WAIT_MS = 5000;
const RECORD = { recordBytes: 100, batchBytes: 0 };

/** A producer and a consumer that hand one record after another through a broker. */
export interface EndToEnd {
  /**
   * Sends `count` records, each when the one before has been fetched. Latencies from before the
   * send to after the fetch.
   */
  measure(count: number): Promise<Sample>;
  /** The same until `isOver`, and at least once. */
  measureUntil(isOver: () => boolean): Promise<Sample>;
  /** The topic goes as well. */
  close(): Promise<void>;
}

/**
 * Connects to a broker and makes a topic there. The fetch always waits before the record is sent,
 * as a consumer does.
 */
export async function endToEnd(target: Target): Promise<EndToEnd> {
  const topic = await target.createTopic({ partitions: 1 });
  const producer = await Wire.connect(target.port);
  const consumer = await Wire.connect(target.port);
  const batch = await batchOf(RECORD);
  const produceFrame = encodeRequest(APIS.Produce, PRODUCE_VERSION, 1, CLIENT_ID, {
    acks: -1,
    timeoutMs: MAX_WAIT_MS,
    topics: [{ name: topic, partitions: [{ index: 0, records: batch.bytes }] }],
  });
  const fetchFrame = (fetchOffset: number): Buffer =>
    encodeRequest(APIS.Fetch, FETCH_VERSION, 1, CLIENT_ID, {
      maxWaitMs: MAX_WAIT_MS,
      minBytes: 1,
      topics: [
        { topic, partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 1024 ** 2 }] },
      ],
      forgottenTopicsData: [],
    });
  let offset = 0;

  const sendOne = async (): Promise<number> => {
    const fetched = consumer.call(fetchFrame(offset));
    const start = process.hrtime.bigint();
    const produced = producer.call(produceFrame);
    const answer = decodeResponse(APIS.Fetch, FETCH_VERSION, await fetched).body;
    const elapsedUs = Number(process.hrtime.bigint() - start) / 1e3;
    const partition = answer.topics[0]?.partitions[0];
    if (partition?.errorCode !== 0 || !partition.records?.length) {
      throw voided(`a fetch brought nothing (error ${partition?.errorCode ?? answer.errorCode})`);
    }
    const { body } = decodeResponse(APIS.Produce, PRODUCE_VERSION, await produced);
    const code = body.topics[0]?.partitions[0]?.errorCode;
    if (code !== 0) throw voided(`a produce was refused with error ${code}`);
    offset++;
    return elapsedUs;
  };

  return {
    async measure(count) {
      const latencies: number[] = [];
      for (let i = 0; i < count; i++) latencies.push(await sendOne());
      return { ...summarize(latencies) };
    },
    async measureUntil(isOver) {
      const latencies: number[] = [];
      do latencies.push(await sendOne());
      while (!isOver());
      return { ...summarize(latencies) };
    },
    async close() {
      producer.close();
      consumer.close();
      await target.deleteTopic(topic);
    },
  };
}

/** One connection with at most one request on it. */
export class Wire {
  readonly #socket: Socket;
  #received: Buffer[] = [];
  #bytes = 0;
  #waiting: { resolve: (frame: Buffer) => void; reject: (error: Error) => void } | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(voided('the broker closed the connection')));
  }

  /** Rejects with the errno of the connection. */
  static async connect(port: number): Promise<Wire> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    await once(socket, 'connect');
    return new Wire(socket);
  }

  /** The answer without its size. */
  call(frame: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.write(frame);
    });
  }

  close(): void {
    this.#waiting = null;
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#received.push(chunk);
    this.#bytes += chunk.length;
    const all = this.#received.length === 1 ? chunk : Buffer.concat(this.#received);
    this.#received = [all];
    if (this.#bytes < 4 || this.#bytes < all.readInt32BE(0) + 4) return;
    this.#received = [];
    this.#bytes = 0;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve(all.subarray(4));
  }

  #fail(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(error);
  }
}
