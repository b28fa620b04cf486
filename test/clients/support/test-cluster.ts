import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from '../../../server/cli/client.js';
import { APIS } from '../../../server/handlers/apis.js';
import { type BrokerProcess, spawnBroker } from '../../support/spawn-broker.js';
import { CODECS, type Codec } from '../client.js';
import { type ConnectionTap, Relay } from './relay.js';

const BATCH_HEADER_BYTES = 61;
const BATCH_LENGTH_AT = 8;
const BATCH_ATTRIBUTES_AT = 21;
const CODEC_MASK = 0x07;

/** A broker as its users run it, at an address that outlives it. */
export class TestCluster {
  readonly #root: string;
  readonly #relay: Relay;
  readonly #settings: Readonly<Record<string, string>>;
  #broker: BrokerProcess | null = null;

  private constructor(root: string, relay: Relay, settings: Readonly<Record<string, string>>) {
    this.#root = root;
    this.#relay = relay;
    this.#settings = settings;
  }

  /**
   * @param tap sees every connection, where given
   * @param settings of the broker, beside those that all have
   */
  static async start(
    tap: (() => ConnectionTap) | null = null,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<TestCluster> {
    const root = await mkdtemp(join(tmpdir(), 'odradek-clients-'));
    const cluster = new TestCluster(root, await Relay.open(tap), settings);
    await cluster.startBroker();
    return cluster;
  }

  /** What clients are given. */
  get bootstrap(): string {
    return this.#relay.address;
  }

  get dataDir(): string {
    return join(this.#root, 'data');
  }

  async startBroker(): Promise<void> {
    this.#broker = await spawnBroker({
      dataDir: this.dataDir,
      set: {
        'advertised.listeners': `PLAINTEXT://${this.bootstrap}`,
        'group.min.session.timeout.ms': '1000',
        'group.initial.rebalance.delay.ms': '0',
        'offsets.topic.num.partitions': '4',
        ...this.#settings,
      },
    });
    this.#relay.target = this.#broker.port;
  }

  /** SIGKILL. */
  async killBroker(): Promise<void> {
    this.#relay.target = null;
    await this.#broker?.kill('SIGKILL');
  }

  /** A topic from another client than the one that is tested. */
  async createTopic(name: string, numPartitions = 1): Promise<void> {
    // Not through the relay, where only the tested client is seen.
    const client = await Client.connect({ bootstrap: `localhost:${this.#broker?.port}` });
    try {
      const { topics } = await client.request(APIS.CreateTopics, {
        topics: [{ name, numPartitions, replicationFactor: -1, assignments: [], configs: [] }],
        timeoutMs: 10_000,
      });
      const { errorCode, errorMessage } = topics[0]!;
      if (errorCode !== 0) throw new Error(`creating ${name}: ${errorCode} ${errorMessage}`);
    } finally {
      client.close();
    }
  }

  /** The codecs of the batches that are in the files of a partition. */
  async storedCodecs(topic: string, partition = 0): Promise<Set<Codec>> {
    const folder = join(this.dataDir, `${topic}-${partition}`);
    const codecs = new Set<Codec>();
    for (const name of await readdir(folder)) {
      if (!name.endsWith('.log')) continue;
      const log = await readFile(join(folder, name));
      let position = 0;
      while (position + BATCH_HEADER_BYTES <= log.length) {
        const attributes = log.readInt16BE(position + BATCH_ATTRIBUTES_AT);
        codecs.add(CODECS[attributes & CODEC_MASK]!);
        position += BATCH_LENGTH_AT + 4 + log.readInt32BE(position + BATCH_LENGTH_AT);
      }
    }
    return codecs;
  }

  async close(): Promise<void> {
    await this.killBroker();
    await this.#relay.close();
    await rm(this.#root, { recursive: true, force: true });
  }
}
