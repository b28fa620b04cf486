import { buildBatchSync } from '../../../engine/batch/builder.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import { type Answer, WireClient } from '../../server/bad-input/wire-client.js';

const PRODUCE_VERSION = 9;
const IN_FLIGHT_MAX = 5;

/** A partition that a producer writes to. */
export interface Target {
  readonly topic: string;
  readonly partition: number;
}

/** A batch that was given a sequence; it is sent until it is acknowledged. */
interface Sent {
  readonly baseSequence: number;
  readonly bytes: Buffer;
}

/** What a producer knows of one of its records that was acknowledged. */
export interface Acknowledgement extends Target {
  readonly offset: number;
  readonly key: string;
  readonly value: string;
  readonly atMs: number;
}

/** Makes the records of a batch: `from` is the sequence of the first one. */
export type MakeRecords = (from: number) => readonly { key: string; value: string }[];

/**
 * An idempotent producer of one partition as clients have them: five batches in flight, and after a
 * failure everything that is not acknowledged is sent again, in order, under the sequences that it
 * has.
 */
export class IdempotentProducer {
  readonly target: Target;
  /** By offset. */
  readonly acknowledged: Acknowledgement[] = [];
  /** Every value that was ever sent. */
  readonly values = new Set<string>();
  /** What no idempotent producer may be told. */
  readonly complaints: string[] = [];
  readonly #make: MakeRecords;
  readonly #unacknowledged: Sent[] = [];
  #producerId = -1;
  #nextSequence = 0;

  constructor(target: Target, make: MakeRecords) {
    this.target = target;
    this.#make = make;
  }

  /**
   * Sends until `isOver` says so or the connection ends. Resolves when no answer is on its way any
   * more.
   */
  async run(port: number, isOver: () => boolean, onAck: () => void): Promise<void> {
    const client = await WireClient.connect(port).catch(() => null);
    if (client === null) return;
    try {
      if (this.#producerId < 0 && !(await this.#start(client))) return;
      await this.#pump(client, isOver, onAck);
    } catch {
      // The connection has ended: what is not acknowledged is sent again by the next run.
    } finally {
      client.close();
    }
  }

  async #start(client: WireClient): Promise<boolean> {
    const answer = await client.call('InitProducerId', 4, {
      transactionalId: null,
      transactionTimeoutMs: 60_000,
    });
    if (answer.errorCode !== ErrorCode.NONE) return false;
    this.#producerId = answer.producerId;
    return true;
  }

  async #pump(client: WireClient, isOver: () => boolean, onAck: () => void): Promise<void> {
    const inFlight: Sent[] = [];
    const resent = [...this.#unacknowledged];
    for (;;) {
      while (inFlight.length < IN_FLIGHT_MAX && (resent.length > 0 || !isOver())) {
        const next = resent.shift() ?? this.#newBatch();
        client.send('Produce', PRODUCE_VERSION, this.#request(next));
        inFlight.push(next);
      }
      const oldest = inFlight.shift();
      if (oldest === undefined) return;
      const answer = await client.next('Produce', PRODUCE_VERSION);
      if (!this.#take(oldest, answer)) return;
      onAck();
    }
  }

  /** Whether the batch is acknowledged; otherwise everything behind it has failed too, or will. */
  #take(sent: Sent, answer: Answer<'Produce'>): boolean {
    const [first] = answer.topics[0]?.partitions ?? [];
    const { errorCode, baseOffset } = first!;
    if (errorCode !== ErrorCode.NONE) {
      const isOldest = sent === this.#unacknowledged[0];
      const never: number[] = [ErrorCode.DUPLICATE_SEQUENCE_NUMBER, ErrorCode.INVALID_RECORD];
      if (isOldest) never.push(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
      if (never.includes(errorCode))
        this.complaints.push(`error ${errorCode} for ${sent.baseSequence}`);
      return false;
    }
    this.#unacknowledged.splice(this.#unacknowledged.indexOf(sent), 1);
    for (const [at, record] of this.#make(sent.baseSequence).entries()) {
      const offset = baseOffset + at;
      this.acknowledged.push({ ...this.target, ...record, offset, atMs: Date.now() });
    }
    return true;
  }

  #newBatch(): Sent {
    const records = this.#make(this.#nextSequence);
    for (const { value } of records) this.values.add(value);
    const timestamp = Date.now();
    const bytes = buildBatchSync(
      records.map((record) => ({ ...record, timestamp })),
      { producerId: this.#producerId, producerEpoch: 0, baseSequence: this.#nextSequence },
    );
    const batch = { baseSequence: this.#nextSequence, bytes };
    this.#nextSequence += records.length;
    this.#unacknowledged.push(batch);
    return batch;
  }

  #request({ bytes }: Sent) {
    const { topic, partition } = this.target;
    const partitions = [{ index: partition, records: bytes }];
    return { acks: -1, timeoutMs: 30_000, topics: [{ name: topic, partitions }] };
  }
}
