import { expect, onTestFinished } from 'vitest';
import { buildBatchSync } from '../../../engine/batch/builder.js';
import { batchSize } from '../../../engine/batch/header.js';
import { decodeRecords } from '../../../engine/batch/records.js';
import { type Broker, type BrokerOptions, openBroker } from '../../../server/broker/open-broker.js';
import { createLogger } from '../../../server/logging/log.js';
import { resolveBrokerSettings } from '../../../server/settings/parse.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { type Body, WireClient } from './wire-client.js';

export interface AttackedBroker {
  readonly port: number;
  readonly dataDir: string;
  readonly broker: Broker;
  /** Whole lines of the log, as JSON logging writes them. */
  readonly lines: readonly string[];
  /** A connection that is closed with the test. */
  connect(): Promise<WireClient>;
  /** Creates a topic that serves. */
  createTopic(
    name: string,
    configs?: Readonly<Record<string, string>>,
    partitions?: number,
  ): Promise<void>;
}

export type AttackedBrokerOptions = Partial<Omit<BrokerOptions, 'settings' | 'brokerStatic'>> & {
  readonly config?: Readonly<Record<string, string>>;
};

/**
 * A whole broker on a temporary folder and a port of its own, closed when the running test ends.
 */
export async function startAttackedBroker({
  config = {},
  ...options
}: AttackedBrokerOptions = {}): Promise<AttackedBroker> {
  const dataDir = temporaryFolder();
  const lines: string[] = [];
  const { settings, brokerStatic } = resolveBrokerSettings({
    sets: [
      'listeners=PLAINTEXT://127.0.0.1:0',
      `log.dirs=${dataDir}`,
      'odradek.flush=os',
      ...Object.entries(config).map(([key, value]) => `${key}=${value}`),
    ],
  });
  const logger = createLogger({
    format: 'json',
    stream: { write: (line) => void lines.push(line) },
  });
  const broker = await openBroker({ settings, brokerStatic, logger, ...options });
  onTestFinished(() => broker.close({ drainMs: 0 }));
  const { port } = broker.endpoints[0]!;
  const connect = async (): Promise<WireClient> => {
    const client = await WireClient.connect(port);
    onTestFinished(() => client.close());
    return client;
  };
  return {
    port,
    dataDir,
    broker,
    lines,
    connect,
    createTopic: async (name, configs = {}, partitions = 1) => {
      const client = await connect();
      const { topics } = await client.call('CreateTopics', 7, topicOf(name, configs, partitions));
      expect(topics[0]).toMatchObject({ name, errorCode: 0 });
      client.close();
    },
  };
}

/** A CreateTopics request for one topic. */
export function topicOf(
  name: string,
  configs: Readonly<Record<string, string>> = {},
  numPartitions = 1,
): Body<'CreateTopics'> {
  return {
    topics: [
      {
        name,
        numPartitions,
        replicationFactor: -1,
        assignments: [],
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
      },
    ],
  };
}

const RECORDS_PER_ROUND = 3;
const UNPACKED_BYTES_MAX = 1024 * 1024;

/**
 * A client that behaves: round after round it produces records and fetches them back, and compares.
 * Any wrong answer, wrong record or lost connection fails it.
 */
class Neighbour {
  rounds = 0;
  readonly #client: WireClient;
  readonly #topic: string;
  #stopping = false;
  readonly #running: Promise<void>;
  #onRound: (() => void) | null = null;

  constructor(client: WireClient, topic: string) {
    this.#client = client;
    this.#topic = topic;
    this.#running = this.#run();
  }

  /** Rejects when the neighbour was harmed; never resolves before `stop`. */
  get harmed(): Promise<void> {
    return this.#running;
  }

  /** Resolves after a round that began after this call. */
  async wholeRound(): Promise<void> {
    const until = this.rounds + 2;
    while (this.rounds < until) {
      const round = new Promise<void>((resolve) => {
        this.#onRound = resolve;
      });
      await Promise.race([round, this.#running]);
    }
  }

  /** Ends it, and reads everything that it ever wrote once more. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
    const values: string[] = [];
    const end = this.rounds * RECORDS_PER_ROUND;
    while (values.length < end) values.push(...(await this.#fetch(values.length)));
    expect(values).toEqual(Array.from({ length: end }, (_, offset) => valueAt(offset)));
    this.#client.close();
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      const from = this.rounds * RECORDS_PER_ROUND;
      const values = Array.from({ length: RECORDS_PER_ROUND }, (_, at) => valueAt(from + at));
      const { topics } = await this.#client.call('Produce', 9, {
        acks: -1,
        timeoutMs: 60_000,
        topics: [{ name: this.#topic, partitions: [{ index: 0, records: batchOf(values) }] }],
      });
      expect(topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, baseOffset: from });
      expect(await this.#fetch(from)).toEqual(values);
      this.rounds += 1;
      this.#onRound?.();
    }
  }

  async #fetch(offset: number): Promise<string[]> {
    const answer = await this.#client.call('Fetch', 12, fetchOf(this.#topic, offset));
    const { errorCode, records } = answer.topics[0]!.partitions[0]!;
    expect(errorCode).toBe(0);
    return valuesIn(records as Buffer);
  }
}

function valueAt(offset: number): string {
  return `record ${offset} of a client that does no harm`;
}

/**
 * Runs an attack beside a client that behaves, and fails if that one is harmed before, during or
 * after.
 */
export async function beside<T>(broker: AttackedBroker, attack: () => Promise<T>): Promise<T> {
  const topic = `neighbour-${++neighbours}`;
  await broker.createTopic(topic);
  const neighbour = new Neighbour(await broker.connect(), topic);
  await neighbour.wholeRound();
  const result = await Promise.race([
    attack(),
    neighbour.harmed.then(() => Promise.reject(new Error('the neighbour stopped by itself'))),
  ]);
  await neighbour.wholeRound();
  await neighbour.stop();
  return result;
}

let neighbours = 0;

/** A batch of records without keys, timestamps of now. */
export function batchOf(values: readonly string[], timestamp = Date.UTC(2026, 0, 1)): Buffer {
  return buildBatchSync(values.map((value) => ({ key: null, value, timestamp })));
}

export function produceOf(
  topic: string,
  records: Buffer | null,
  { acks = -1, partition = 0 } = {},
): Body<'Produce'> {
  return {
    acks,
    timeoutMs: 60_000,
    topics: [{ name: topic, partitions: [{ index: partition, records }] }],
  };
}

/** A fetch of one partition, for versions up to 12. */
export function fetchOf(
  topic: string,
  fetchOffset: number,
  { maxWaitMs = 0, maxBytes = 1024 * 1024 } = {},
): Body<'Fetch'> {
  return {
    maxWaitMs,
    minBytes: 1,
    maxBytes,
    topics: [{ topic, partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: maxBytes }] }],
    forgottenTopicsData: [],
  };
}

/** The values of all records in some batches. */
export async function valuesIn(bytes: Buffer): Promise<string[]> {
  const values: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const batch = bytes.subarray(at, at + batchSize(bytes, at));
    for (const { value } of await decodeRecords(batch, UNPACKED_BYTES_MAX)) {
      values.push(String(value));
    }
    at += batch.length;
  }
  return values;
}
