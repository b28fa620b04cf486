import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildBatch, type CodecName } from '../../engine/index.js';
import { ErrorCode, errorInfo } from '../protocol/error-codes.js';
import { Metadata } from '../protocol/messages/metadata.js';
import { Produce } from '../protocol/messages/produce.js';
import { partitionOfKey } from '../protocol/partitioner.js';
import { check, shown } from './answers.js';
import { CliError, EXIT } from './cli-error.js';
import { type Client, type ConnectionOptions, withClient } from './client.js';
import { counted } from './counted.js';
import { CLI_LIMITS } from './limits.js';
import { readLines } from './line-reader.js';
import { type Progress, withProgress } from './progress/progress.js';
import { stderrTerminal } from './progress/terminal.js';
import { type LineRecord, lineParser, parseHeader } from './record-line.js';
import { printDone } from './report.js';
import { choosePartitions, lookUpTopic, type TopicPartitions } from './topic-partitions.js';

export interface ProduceOptions extends ConnectionOptions {
  readonly format?: 'json';
  readonly keySeparator?: string;
  readonly partition?: number;
  readonly codec: CodecName;
  readonly acks: -1 | 0 | 1;
  /** Each `NAME=VALUE`. */
  readonly header: readonly string[];
  readonly null?: boolean;
  /** Instead of stdin. */
  readonly file?: string;
  readonly json?: boolean;
}

/**
 * Sends each line of stdin, or of a file, as a record. All lines that have arrived when the broker
 * answers are sent together, so a slow source is not held up, and a fast one is slowed down.
 * Resolves when all is acknowledged. How many records were stored is said at the end, and with
 * every failure.
 */
export async function produce(name: string, options: ProduceOptions): Promise<void> {
  const parse = lineParser({
    json: options.format === 'json',
    keySeparator: options.keySeparator,
    emptyIsNull: options.null ?? false,
    headers: options.header.map(parseHeader),
  });
  const source = options.file === undefined ? PIPE : await openFile(options.file);
  await withClient(options, async (client) => {
    const topic = await lookUpTopic(client, name, { create: true });
    choosePartitions(topic, options.partition);
    const sender = new BatchSender(client, topic, options);
    const forget = tellAtInterrupt(sender);
    try {
      await withProgress(
        'Sending lines',
        (progress) => sendAll(source, parse, sender, progress),
        // Lines that somebody types stand on the screen.
        stderrTerminal({ isScreenTaken: source === PIPE && process.stdin.isTTY }),
      );
      if (options.acks === 0) await confirmReceipt(client);
    } catch (error) {
      throw withCount(error, sender.told);
    } finally {
      forget();
    }
    if (options.json) printDone('', { topic: topic.name, records: sender.done }, options);
    else process.stderr.write(`${sender.told} in ${shown(topic.name)}\n`);
  });
}

interface Source {
  chunks(): AsyncIterable<Buffer>;
  /** Null where nobody knows. */
  readonly bytes: number | null;
}

const PIPE: Source = { chunks: () => process.stdin, bytes: null };

/** Opened before there is a connection: a file that is not there is told at once. */
async function openFile(path: string): Promise<Source> {
  const file = await open(path);
  const found = await file.stat();
  if (found.isDirectory()) {
    await file.close();
    throw new CliError(`${path} is a folder: name a file`);
  }
  return { chunks: () => file.createReadStream(), bytes: found.isFile() ? found.size : null };
}

async function sendAll(
  { chunks, bytes }: Source,
  parse: ReturnType<typeof lineParser>,
  sender: BatchSender,
  progress: Progress,
): Promise<void> {
  let lineNumber = 0;
  let done = 0;
  for await (const lines of readLines(chunks(), CLI_LIMITS.lineBytesMax)) {
    const nowMs = Date.now();
    for (const line of lines) {
      await sender.add(parse(line, ++lineNumber, nowMs));
      done += line.length + 1;
    }
    await sender.flush();
    progress.report({ done, total: bytes, unit: 'bytes' });
  }
}

/** At Ctrl-C the count is the last line, behind the bar. A request under way may be stored too. */
function tellAtInterrupt(sender: BatchSender): () => void {
  const onSignal = (): void => {
    process.once('exit', () => {
      process.stderr.write(`interrupted: at least ${sender.told}\n`);
    });
    process.exit(EXIT.interrupted);
  };
  process.once('SIGINT', onSignal);
  return () => process.removeListener('SIGINT', onSignal);
}

/** What went wrong, with what has come to the broker all the same. */
function withCount(error: unknown, told: string): unknown {
  if (!(error instanceof CliError)) {
    process.stderr.write(`${told}\n`);
    return error;
  }
  return new CliError(`${error.message}; ${told}`, error.exitCode, { cause: error });
}

/** The records that go out with the next request, by partition. */
class BatchSender {
  readonly #client: Client;
  readonly #topic: TopicPartitions;
  readonly #options: ProduceOptions;
  #pending = new Map<number, { readonly records: LineRecord[]; bytes: number }>();
  #nextPartition = 0;
  #done = 0;

  constructor(client: Client, topic: TopicPartitions, options: ProduceOptions) {
    this.#client = client;
    this.#topic = topic;
    this.#options = options;
  }

  /** How many records were stored, in words. */
  get told(): string {
    const what = this.#options.acks === 0 ? 'sent, without an answer' : 'stored';
    return `${counted(this.#done, 'record')} ${what}`;
  }

  /** Records that were stored, or with acks=0 sent. */
  get done(): number {
    return this.#done;
  }

  /** First sends the pending records where this one would make a batch too large. */
  async add(record: LineRecord): Promise<void> {
    const partition = this.#partitionOf(record);
    const bytes = sizeOf(record);
    const full = this.#pending.get(partition);
    if (full !== undefined && full.bytes + bytes > CLI_LIMITS.batchBytesMax) await this.flush();
    const batch = this.#pending.get(partition);
    if (batch === undefined) this.#pending.set(partition, { records: [record], bytes });
    else {
      batch.records.push(record);
      batch.bytes += bytes;
    }
  }

  /**
   * Resolves when the broker has answered for every added record, or with acks=0 when all are sent.
   */
  async flush(): Promise<void> {
    const { acks, codec } = this.#options;
    let unsent = this.#pending;
    this.#pending = new Map();
    this.#nextPartition += 1;
    for (let attempt = 1; unsent.size > 0; attempt++) {
      const partitions = [];
      for (const [index, { records }] of unsent) {
        partitions.push({ index, records: await buildBatch(records, { codec }) });
      }
      const request = {
        acks,
        timeoutMs: CLI_LIMITS.requestTimeoutMs,
        topics: [{ name: this.#topic.name, partitions }],
      };
      if (acks === 0) {
        await this.#client.send(Produce, request);
        for (const { records } of unsent.values()) this.#done += records.length;
        return;
      }
      const { topics } = await this.#client.request(Produce, request);
      const left: typeof unsent = new Map();
      for (const { index, errorCode, errorMessage } of topics[0]?.partitions ?? []) {
        const batch = unsent.get(index);
        if (errorCode === ErrorCode.NONE) this.#done += batch?.records.length ?? 0;
        else if (
          errorInfo(errorCode).retriable &&
          attempt < CLI_LIMITS.produceAttemptsMax &&
          batch !== undefined
        ) {
          left.set(index, batch);
        } else this.#fail(index, errorCode, errorMessage);
      }
      unsent = left;
      if (unsent.size > 0) await sleep(CLI_LIMITS.retryPauseMs);
    }
  }

  #partitionOf({ key, partition }: LineRecord): number {
    const { partitions } = this.#topic;
    const chosen = this.#options.partition ?? partition;
    if (chosen !== null) return choosePartitions(this.#topic, chosen)[0]!;
    if (key !== null) return partitionOfKey(key, partitions.length);
    // Records of one request go to one partition, those of the next request to the next: larger
    // batches, as in Java's producer.
    return partitions[this.#nextPartition % partitions.length]!;
  }

  #fail(partition: number, errorCode: number, errorMessage: string | null): void {
    const advice =
      errorCode === ErrorCode.MESSAGE_TOO_LARGE
        ? '; the setting max.message.bytes of the topic is the limit'
        : '';
    const { message } = errorInfo(errorCode);
    const why = `${(errorMessage ?? message).replace(/\.$/, '')}${advice}`;
    check(errorCode, why, `cannot produce to ${shown(this.#topic.name)}-${partition}`);
  }
}

/**
 * Any answer shows that the broker has taken the requests before on the connection: a refusal would
 * have ended it.
 */
async function confirmReceipt(client: Client): Promise<void> {
  try {
    await client.request(Metadata, { topics: [] });
  } catch (cause) {
    throw new CliError(
      'the broker ended the connection: with acks=0 that is how it refuses records; --acks all tells why',
      1,
      { cause },
    );
  }
}

function sizeOf({ key, value, headers }: LineRecord): number {
  let size = CLI_LIMITS.recordOverheadBytes + (key?.length ?? 0) + (value?.length ?? 0);
  for (const header of headers)
    size += CLI_LIMITS.recordOverheadBytes + header.key.length + (header.value?.length ?? 0);
  return size;
}
