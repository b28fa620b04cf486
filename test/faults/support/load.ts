import { buildBatchSync } from '../../../engine/batch/builder.js';
import type { Random } from '../../../engine/index.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import { WireClient } from '../../server/bad-input/wire-client.js';
import { type Acknowledgement, IdempotentProducer } from './idempotent-producer.js';
import { readPartition } from './read-topic.js';

const PLAIN = 'plain';
const STATE = 'state';
const TRIMMED = 'trimmed';
const AGAIN = 'again';
const GROUP = 'group';
const KEYS = 7;

/**
 * A number that only grows: what the broker was last asked for, and the last that it acknowledged.
 */
interface Asked {
  sent: number;
  acknowledged: number;
}

/**
 * Clients of a broker that may die at any moment: idempotent pipelines to plain topics and to a
 * compacted one, commits, DeleteRecords, a topic that is deleted and made again. Goes on where it
 * was when the broker is back.
 */
export class Load {
  readonly #producers: readonly IdempotentProducer[];
  readonly #commits: Asked = { sent: 0, acknowledged: 0 };
  readonly #starts: Asked = { sent: 0, acknowledged: 0 };
  /** Generation of the topic that comes again. */
  readonly #generations: Asked = { sent: 0, acknowledged: 0 };
  #acks = 0;
  #wanted = 0;
  #noteAck: () => void = () => {};

  constructor(random: Random) {
    const batchOf = (name: string, paddingBytes: number) => (from: number) => {
      const count = 1 + ((from * 7) % 3);
      return Array.from({ length: count }, (_, at) => ({
        key: `${(from + at) % KEYS}`,
        value: `${name}/${from + at}/${'x'.repeat(paddingBytes)}`,
      }));
    };
    const salt = random.next().toString(36).slice(2, 8);
    this.#producers = [
      new IdempotentProducer({ topic: PLAIN, partition: 0 }, batchOf(`a${salt}`, 600)),
      new IdempotentProducer({ topic: PLAIN, partition: 0 }, batchOf(`b${salt}`, 600)),
      new IdempotentProducer({ topic: PLAIN, partition: 1 }, batchOf(`c${salt}`, 200)),
      new IdempotentProducer({ topic: TRIMMED, partition: 0 }, batchOf(`d${salt}`, 200)),
      new IdempotentProducer({ topic: STATE, partition: 0 }, batchOf(`e${salt}`, 3000)),
    ];
  }

  /** Records acknowledged so far. */
  get records(): number {
    return this.#producers.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
  }

  /** Everything that was acknowledged, in the order of each partition's producer. */
  get acknowledged() {
    return this.#producers.flatMap((producer) => producer.acknowledged);
  }

  /**
   * Works until `acks` batches are acknowledged, the broker is gone, or its disk is and no producer
   * tries any more; resolves then.
   */
  async run(port: number, acks: number): Promise<void> {
    this.#wanted = this.#acks + acks;
    const isOver = (): boolean => this.#acks >= this.#wanted;
    const onAck = (): void => {
      this.#acks += 1;
      this.#noteAck();
    };
    if (!(await this.#makeTopics(port))) return;
    let haveGivenUp = false;
    const producing = this.#producers.map((producer) => producer.run(port, isOver, onAck));
    const produced = Promise.all(producing).then(() => {
      haveGivenUp = true;
    });
    await Promise.all([produced, this.#administrate(port, () => isOver() || haveGivenUp)]);
  }

  /** Resolves when `acks` more batches are acknowledged, or the run is over. */
  async reached(acks: number, running: Promise<void>): Promise<void> {
    const wanted = this.#acks + acks;
    const there = new Promise<void>((resolve) => {
      this.#noteAck = () => {
        if (this.#acks >= wanted) resolve();
      };
    });
    await Promise.race([there, running]);
    this.#noteAck = () => {};
  }

  async #makeTopics(port: number): Promise<boolean> {
    try {
      const client = await WireClient.connect(port);
      const topic = (name: string, numPartitions: number, configs: Record<string, string>) => ({
        name,
        numPartitions,
        replicationFactor: -1,
        assignments: [],
        configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
      });
      await client.call('CreateTopics', 5, {
        topics: [
          topic(PLAIN, 2, {}),
          topic(TRIMMED, 1, {}),
          topic(STATE, 1, { 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '0.01' }),
        ],
        timeoutMs: 30_000,
        validateOnly: false,
      });
      client.close();
      return true;
    } catch {
      return false;
    }
  }

  async #administrate(port: number, isOver: () => boolean): Promise<void> {
    try {
      const client = await WireClient.connect(port);
      for (let step = 0; !isOver(); step++) {
        if (step % 3 === 0) await this.#commit(client);
        else if (step % 3 === 1) await this.#trim(client);
        else await this.#makeAgain(client);
      }
      client.close();
    } catch {
      // The broker is gone.
    }
  }

  async #commit(client: WireClient): Promise<void> {
    const committedOffset = ++this.#commits.sent;
    const partitions = [{ partitionIndex: 0, committedOffset, committedMetadata: '' }];
    const answer = await client.call('OffsetCommit', 8, {
      groupId: GROUP,
      memberId: '',
      topics: [{ name: PLAIN, partitions }],
    });
    const { errorCode } = answer.topics[0]!.partitions[0]!;
    if (errorCode === ErrorCode.NONE) this.#commits.acknowledged = committedOffset;
    else if (errorCode === ErrorCode.NOT_COORDINATOR) {
      await client.call('FindCoordinator', 2, { key: GROUP, keyType: 0 });
    }
  }

  async #trim(client: WireClient): Promise<void> {
    const known = this.#producers[3]!.acknowledged.at(-1)?.offset ?? 0;
    const offset = Math.max(this.#starts.sent, known - 20);
    this.#starts.sent = offset;
    const partitions = [{ partitionIndex: 0, offset }];
    const topics = [{ name: TRIMMED, partitions }];
    const answer = await client.call('DeleteRecords', 1, { topics, timeoutMs: 30_000 });
    const { errorCode } = answer.topics[0]!.partitions[0]!;
    if (errorCode === ErrorCode.NONE) this.#starts.acknowledged = offset;
  }

  async #makeAgain(client: WireClient): Promise<void> {
    const generation = ++this.#generations.sent;
    await client.call('DeleteTopics', 5, { topicNames: [AGAIN], timeoutMs: 30_000 });
    const answer = await client.call('CreateTopics', 5, {
      topics: [
        { name: AGAIN, numPartitions: 1, replicationFactor: -1, assignments: [], configs: [] },
      ],
      timeoutMs: 30_000,
      validateOnly: false,
    });
    if (answer.topics[0]!.errorCode !== ErrorCode.NONE) return;
    const value = `${generation}`;
    const records = buildBatchSync([{ key: null, value, timestamp: Date.now() }]);
    const partitions = [{ index: 0, records }];
    const produced = await client.call('Produce', 9, {
      acks: -1,
      timeoutMs: 30_000,
      topics: [{ name: AGAIN, partitions }],
    });
    if (produced.topics[0]!.partitions[0]!.errorCode === ErrorCode.NONE) {
      this.#generations.acknowledged = generation;
    }
  }

  /** Reads everything and compares. What is wrong, a line each; empty when all is well. */
  async verify(port: number): Promise<string[]> {
    const client = await WireClient.connect(port);
    const wrong = this.#producers.flatMap(({ complaints }) => complaints);
    try {
      for (const topic of [PLAIN, TRIMMED, STATE]) {
        for (const partition of topic === PLAIN ? [0, 1] : [0]) {
          if (!this.#producers.some(({ values }) => values.size > 0)) continue;
          wrong.push(...(await this.#verifyPartition(client, topic, partition)));
        }
      }
      wrong.push(...(await this.#verifyCommit(client)), ...(await this.#verifyAgain(client)));
    } finally {
      client.close();
    }
    return wrong;
  }

  /**
   * Records that were acknowledged and are not there; what was overwritten, or deleted on demand,
   * is not missed.
   */
  async missing(port: number): Promise<Acknowledgement[]> {
    const client = await WireClient.connect(port);
    const missing: Acknowledgement[] = [];
    for (const { target, acknowledged } of this.#producers) {
      if (target.topic === STATE) continue;
      const { records, startOffset } = await readPartition(client, target.topic, target.partition);
      const values = new Map(records.map(({ offset, value }) => [offset, value]));
      for (const each of acknowledged) {
        if (each.offset >= startOffset && values.get(each.offset) !== each.value)
          missing.push(each);
      }
    }
    client.close();
    return missing;
  }

  async #verifyPartition(client: WireClient, topic: string, partition: number) {
    const here = this.#producers.filter(
      ({ target }) => target.topic === topic && target.partition === partition,
    );
    const read = await readPartition(client, topic, partition);
    const at = `${topic}-${partition}`;
    const wrong: string[] = [];
    if (read.errorCode !== 0) wrong.push(`${at}: error ${read.errorCode}`);
    if (read.badBatches > 0) wrong.push(`${at}: bad batches were served`);
    const byOffset = new Map(read.records.map((record) => [record.offset, record]));
    const sequences = new Map<string, number>();
    for (const { offset, value } of read.records) {
      if (!here.some(({ values }) => values.has(value!)))
        wrong.push(`${at}: ${offset} was never sent`);
      const [producer = '', sequence] = value!.split('/');
      const before = sequences.get(producer) ?? -1;
      // A record that stands twice, or before an earlier one.
      if (Number(sequence) <= before)
        wrong.push(`${at}: ${offset} is ${producer}/${sequence} behind ${before}`);
      sequences.set(producer, Number(sequence));
    }
    if (topic === TRIMMED) {
      const { sent, acknowledged } = this.#starts;
      const isWithin = read.startOffset >= acknowledged && read.startOffset <= sent;
      if (!isWithin)
        wrong.push(`${at} begins at ${read.startOffset}, not ${acknowledged} to ${sent}`);
    }
    const lastOfKey = new Map(read.records.map(({ key, offset }) => [key, offset]));
    for (const { acknowledged } of here) {
      for (const { offset, key, value } of acknowledged) {
        if (offset < read.startOffset) continue;
        const found = byOffset.get(offset);
        if (found?.value === value) continue;
        const isOverwritten = topic === STATE && found === undefined;
        if (isOverwritten && (lastOfKey.get(key) ?? -1) > offset) continue;
        wrong.push(
          `${at}: ${offset} was acknowledged and is ${found?.value?.slice(0, 20) ?? 'missing'}`,
        );
      }
    }
    return wrong.slice(0, 10);
  }

  async #verifyCommit(client: WireClient): Promise<string[]> {
    const { sent, acknowledged } = this.#commits;
    if (acknowledged === 0) return [];
    for (;;) {
      const answer = await client.call('OffsetFetch', 5, {
        groupId: GROUP,
        topics: [{ name: PLAIN, partitionIndexes: [0] }],
      });
      if (answer.errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS) continue;
      const { committedOffset } = answer.topics[0]!.partitions[0]!;
      const isWithin = committedOffset >= acknowledged && committedOffset <= sent;
      return isWithin ? [] : [`the commit is ${committedOffset}, not ${acknowledged} to ${sent}`];
    }
  }

  /**
   * A generation that was deleted does not come back; the last one is there, unless its deletion
   * had begun.
   */
  async #verifyAgain(client: WireClient): Promise<string[]> {
    const { sent, acknowledged } = this.#generations;
    if (acknowledged === 0) return [];
    const { errorCode, records } = await readPartition(client, AGAIN, 0);
    if (errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION && sent > acknowledged) return [];
    const found = records.map(({ value }) => Number(value));
    const isOld = found.some((generation) => generation < acknowledged);
    const isLost = found.length === 0 && sent === acknowledged;
    return isOld || isLost ? [`topic ${AGAIN} holds ${found}, not ${acknowledged} to ${sent}`] : [];
  }
}
