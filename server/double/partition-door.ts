import {
  type Appended,
  EngineError,
  type LogWatermark,
  type PartitionLog,
  type ReadRequest,
  type ReadResult,
} from '../../engine/index.js';
import type { Partition } from '../partition/partition.js';
import { ApiError } from '../protocol/api-error.js';
import { TestBrokerError } from './test-broker-error.js';

/**
 * The log of a partition for the program around the broker. It reads what clients read, and appends
 * as a producer with acks=all does, through the leader; what replication owns is refused. It ends
 * with the partition, and by `end`.
 */
export class PartitionDoor implements PartitionLog {
  readonly #partition: Partition;
  readonly #log: PartitionLog;
  readonly #listeners = new Set<() => void>();
  #ended: EngineError | null = null;

  constructor(partition: Partition) {
    this.#partition = partition;
    this.#log = partition.log;
  }

  /** Serves nothing more; followers end. */
  end(reason: EngineError): void {
    this.#ended ??= reason;
    for (const listener of this.#listeners) listener();
  }

  async append(
    batch: Buffer,
    _origin?: string,
    expectedOffset: number | null = null,
  ): Promise<Appended> {
    this.#assertServing();
    try {
      return await this.#partition.append(batch, -1, undefined, expectedOffset);
    } catch (error) {
      throw refusalOf(error);
    }
  }

  read(request: ReadRequest): ReadResult {
    this.#assertServing();
    return this.#log.read(request);
  }

  warm(request: ReadRequest, isWanted: () => boolean): Promise<void> | null {
    return this.#ended ? null : this.#log.warm(request, isWanted);
  }

  async deleteBefore(offset: number): Promise<number> {
    this.#assertServing();
    try {
      return await this.#partition.deleteBefore(offset);
    } catch (error) {
      throw refusalOf(error);
    }
  }

  readonly watermark: LogWatermark = {
    setRule: () => this.#refuse('the broker moves its high watermark'),
    advance: () => this.#log.watermark.advance(),
    onAdvance: (listener) => {
      this.#listeners.add(listener);
      const forget = this.#log.watermark.onAdvance(listener);
      return () => {
        this.#listeners.delete(listener);
        forget();
      };
    },
  };

  get name(): PartitionLog['name'] {
    return this.#log.name;
  }
  get epochs(): PartitionLog['epochs'] {
    const { current, endOf, at } = this.#log.epochs;
    const refuse = (): never => this.#refuse('the broker says who leads');
    return { current, endOf, at, lead: refuse, follow: refuse };
  }
  get maintenance(): PartitionLog['maintenance'] {
    return this.#log.maintenance;
  }
  get layout(): PartitionLog['layout'] {
    return this.#log.layout;
  }
  get settings(): PartitionLog['settings'] {
    return this.#log.settings;
  }
  get logStartOffset(): number {
    return this.#log.logStartOffset;
  }
  get logEndOffset(): number {
    return this.#log.logEndOffset;
  }
  get highWatermark(): number {
    return this.#log.highWatermark;
  }
  get lastStableOffset(): number {
    return this.#log.lastStableOffset;
  }
  get durableEndOffset(): number {
    return this.#log.durableEndOffset;
  }
  get sizeBytes(): number {
    return this.#log.sizeBytes;
  }
  offsetForTimestamp: PartitionLog['offsetForTimestamp'] = (timestampMs) =>
    this.#log.offsetForTimestamp(timestampMs);
  offsetOfLargestTimestamp: PartitionLog['offsetOfLargestTimestamp'] = () =>
    this.#log.offsetOfLargestTimestamp();
  knownProducers: PartitionLog['knownProducers'] = () => this.#log.knownProducers();
  flush: PartitionLog['flush'] = () => this.#log.flush();
  refused: PartitionLog['refused'] = (header) => this.#log.refused(header);

  updateSettings(): void {
    this.#refuse('settings are those of the topic');
  }
  async truncateTo(): Promise<void> {
    this.#refuse('the log of a topic is never cut: deleteBefore trims it');
  }
  async beginAt(): Promise<void> {
    this.#refuse('the log of a topic never begins anew');
  }

  #assertServing(): void {
    if (this.#ended) throw this.#ended;
  }

  #refuse(why: string): never {
    const { topic, partition } = this.name;
    throw new EngineError('READ_ONLY', `${topic}-${partition}: ${why}`);
  }
}

/** What a client would be answered, as an error of the program. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof ApiError)) return error;
  return new TestBrokerError('APPEND_REFUSED', `${error.code}: ${error.message}`, { cause: error });
}
