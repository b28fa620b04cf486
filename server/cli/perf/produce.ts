import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildBatch, type CodecName } from '../../../engine/index.js';
import { ErrorCode, errorInfo } from '../../protocol/error-codes.js';
import { Metadata } from '../../protocol/messages/metadata.js';
import { Produce } from '../../protocol/messages/produce.js';
import { check, shown } from '../answers.js';
import { type Client, type ConnectionOptions, withClient } from '../client.js';
import { CLI_LIMITS } from '../limits.js';
import { untilStopped } from '../stop-signal.js';
import { choosePartitions, lookUpTopic } from '../topic-partitions.js';
import type { Measurement } from './measurement.js';
import { Pacing } from './pacing.js';
import { measured } from './running.js';

export interface PerfProduceOptions extends ConnectionOptions {
  readonly records: number;
  /** Bytes of each value. */
  readonly size: number;
  readonly rate?: number;
  readonly acks: -1 | 0 | 1;
  readonly codec: CodecName;
  readonly batchSize: number;
  readonly lingerMs: number;
  readonly inFlight: number;
  readonly partition?: number;
}

/**
 * Sends records of random letters and measures how long each takes to be acknowledged. With a rate
 * that is counted from when the record was due, so that a broker that falls behind shows.
 */
export async function perfProduce(name: string, options: PerfProduceOptions): Promise<void> {
  await untilStopped((stop) =>
    withClient(options, async (client) => {
      const topic = await lookUpTopic(client, name);
      const partitions = choosePartitions(topic, options.partition);
      const telling = { topic: name, verb: 'sent', timed: 'latency' };
      await withClients(options, [client], async (clients) => {
        const load = makeLoad(name, partitions, options);
        await measured(telling, options, stop, async (measurement) => {
          // One that fails stops the others; what they have begun is counted.
          const startMs = performance.now();
          const failed = new AbortController();
          const ended = AbortSignal.any([stop, failed.signal]);
          const runs = clients.map(async (each) => {
            try {
              await sendAll(each, load, startMs, measurement, ended);
            } catch (error) {
              failed.abort();
              throw error;
            }
          });
          const failure = (await Promise.allSettled(runs)).find(
            ({ status }) => status === 'rejected',
          );
          if (failure?.status === 'rejected') throw failure.reason;
        });
      });
    }),
  );
}

/** One connection for each request in flight. */
async function withClients<T>(
  options: PerfProduceOptions,
  clients: readonly Client[],
  use: (clients: readonly Client[]) => Promise<T>,
): Promise<T> {
  if (clients.length >= options.inFlight) return use(clients);
  return withClient(options, (client) => withClients(options, [...clients, client], use));
}

/** What all connections send together. */
interface Load {
  readonly topic: string;
  readonly options: PerfProduceOptions;
  readonly pacing: Pacing;
  /** The partition of the next batch. */
  nextPartition(): number;
  /** The value of a record. */
  letters(record: number): Buffer;
}

function makeLoad(topic: string, partitions: readonly number[], options: PerfProduceOptions): Load {
  const { size, batchSize, records, rate = null, lingerMs } = options;
  const bytesPerRecord = size + CLI_LIMITS.recordOverheadBytes;
  const recordsPerBatch = Math.max(1, Math.floor(batchSize / bytesPerRecord));
  const pool = randomLetters(size + CLI_LIMITS.perfLettersBytes);
  let batches = 0;
  return {
    topic,
    options,
    pacing: new Pacing({ records, rate, recordsPerBatch, lingerMs }),
    nextPartition: () => partitions[batches++ % partitions.length]!,
    letters: (record) => {
      // A prime: values differ until they have begun everywhere.
      const from = (record * 7919) % CLI_LIMITS.perfLettersBytes;
      return pool.subarray(from, from + size);
    },
  };
}

function randomLetters(length: number): Buffer {
  return randomBytes(length).map((byte) => 65 + (byte % 26)) as Buffer;
}

async function sendAll(
  client: Client,
  load: Load,
  startMs: number,
  measurement: Measurement,
  stop: AbortSignal,
): Promise<void> {
  const { pacing, options } = load;
  while (!stop.aborted) {
    const turn = pacing.take(performance.now() - startMs);
    if (turn.kind === 'done') break;
    if (turn.kind === 'wait') {
      await sleep(turn.ms, undefined, { signal: stop }).catch(() => {});
      continue;
    }
    const takenMs = performance.now();
    await sendBatch(client, load, turn.first, turn.count);
    const ackedMs = performance.now();
    measurement.add(turn.count, turn.count * options.size);
    if (options.acks === 0) continue;
    for (let at = turn.first; at < turn.first + turn.count; at++) {
      const dueMs = pacing.dueMs(at);
      measurement.time(ackedMs - (dueMs === null ? takenMs : startMs + dueMs));
    }
  }
  // Any answer shows that what was sent without one has arrived.
  if (options.acks === 0) await client.request(Metadata, { topics: [] });
}

async function sendBatch(client: Client, load: Load, first: number, count: number): Promise<void> {
  const { topic, options, letters } = load;
  const { acks, codec } = options;
  const timestamp = Date.now();
  const records = Array.from({ length: count }, (_, at) => ({
    key: null,
    value: letters(first + at),
    timestamp,
  }));
  const index = load.nextPartition();
  const batch = await buildBatch(records, { codec });
  const request = {
    acks,
    timeoutMs: CLI_LIMITS.requestTimeoutMs,
    topics: [{ name: topic, partitions: [{ index, records: batch }] }],
  };
  if (acks === 0) return client.send(Produce, request);
  for (let attempt = 1; ; attempt++) {
    const { topics } = await client.request(Produce, request);
    const { errorCode = ErrorCode.UNKNOWN_SERVER_ERROR, errorMessage = null } =
      topics[0]?.partitions[0] ?? {};
    const isFinal = !errorInfo(errorCode).retriable || attempt >= CLI_LIMITS.produceAttemptsMax;
    if (isFinal || errorCode === ErrorCode.NONE) {
      return check(errorCode, errorMessage, `cannot produce to ${shown(topic)}-${index}`);
    }
    await sleep(CLI_LIMITS.retryPauseMs);
  }
}
