import { ErrorCode } from '../../protocol/error-codes.js';
import { Metadata } from '../../protocol/messages/metadata.js';
import { shown } from '../answers.js';
import { CliError } from '../cli-error.js';
import type { Client } from '../client.js';
import { CLI_LIMITS } from '../limits.js';
import { lookUpTopic, READ_ONLY, type TopicPartitions } from '../topic-partitions.js';
import type { TopicChoice } from './topic-choice.js';

/** The topics that are read: those that are chosen, while they exist. */
export class TopicWatch {
  readonly #client: Client;
  readonly #choice: TopicChoice;
  readonly #topics = new Map<string, TopicPartitions>();
  /** Names that the pattern was asked about; it is asked once about each. */
  #seen: ReadonlySet<string> = new Set();
  #lookedMs = 0;

  constructor(client: Client, choice: TopicChoice) {
    this.#client = client;
    this.#choice = choice;
  }

  get topics(): readonly TopicPartitions[] {
    return [...this.#topics.values()];
  }

  /** Looks the topics up. Throws a CliError where one that is named does not exist. */
  async open(): Promise<void> {
    for (const name of this.#choice.names) {
      this.#topics.set(name, await lookUpTopic(this.#client, name));
    }
    await this.#match();
  }

  /**
   * Resolves with topics that the pattern matches and that were not there before. Asks the broker
   * now and then only.
   */
  async added(nowMs: number): Promise<readonly TopicPartitions[]> {
    if (nowMs - this.#lookedMs < CLI_LIMITS.topicsRefreshMs) return [];
    this.#lookedMs = nowMs;
    return this.#match();
  }

  /**
   * Takes out topics that were deleted, and says so. Throws a CliError when nothing is left to be
   * read.
   */
  drop(deleted: readonly TopicPartitions[]): void {
    if (deleted.length === 0) return;
    for (const { name } of deleted) this.#topics.delete(name);
    this.#seen = new Set([...this.#seen].filter((name) => this.#topics.has(name)));
    const names = deleted.map(({ name }) => shown(name)).join(', ');
    const what = `${deleted.length === 1 ? 'topic' : 'topics'} ${names} deleted while being read`;
    if (this.#topics.size === 0 && this.#choice.pattern === null) throw new CliError(what);
    process.stderr.write(`odradek: ${what}\n`);
  }

  async #match(): Promise<readonly TopicPartitions[]> {
    const { pattern } = this.#choice;
    if (pattern === null) return [];
    const { topics } = await this.#client.request(Metadata, { topics: null, ...READ_ONLY });
    // Kafka's consumers read internal topics only when they are named. One without leaders is being
    // made, and asked for again.
    const ready = topics.flatMap(({ name, topicId, errorCode, isInternal, partitions }) =>
      name === null || isInternal || errorCode !== ErrorCode.NONE
        ? []
        : [{ name, topicId, partitions: partitions.map((each) => each.partitionIndex) }],
    );
    const fresh = ready.filter(({ name }) => !this.#seen.has(name));
    const matched = new Set(pattern.matching(fresh.map(({ name }) => name)));
    this.#seen = new Set(ready.map(({ name }) => name));
    const added = fresh
      .filter(({ name }) => matched.has(name) && !this.#topics.has(name))
      .map((each) => ({ ...each, partitions: each.partitions.sort((a, b) => a - b) }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const topic of added) this.#topics.set(topic.name, topic);
    return added;
  }
}
