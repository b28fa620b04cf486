import { performance } from 'node:perf_hooks';
import { shown } from '../answers.js';
import { CliError } from '../cli-error.js';
import { type ConnectionOptions, withClient } from '../client.js';
import { parseRange, resolveEnds } from '../consume/read-range.js';
import { CLI_LIMITS } from '../limits.js';
import { PartitionReader } from '../partition-reader.js';
import { resolveStart } from '../start-position.js';
import { untilStopped } from '../stop-signal.js';
import { choosePartitions, lookUpTopic } from '../topic-partitions.js';
import type { Measurement } from './measurement.js';
import { measured } from './running.js';

export interface PerfConsumeOptions extends ConnectionOptions {
  /** Without it all that there is now. */
  readonly records?: number;
  readonly from?: string;
  readonly partition?: number;
  /** How long the next record may take. */
  readonly idleMs: number;
}

/** Reads records as `consume` does, prints none, and measures each fetch that brings some. */
export async function perfConsume(name: string, options: PerfConsumeOptions): Promise<void> {
  const { records } = options;
  const range = parseRange(options.from, records === undefined ? 'end' : undefined);
  await untilStopped((stop) =>
    withClient(options, async (client) => {
      const topic = await lookUpTopic(client, name);
      const partitions = choosePartitions(topic, options.partition);
      const ends =
        range.to === null ? null : await resolveEnds(client, topic, partitions, range.to);
      const reader = new PartitionReader(client);
      reader.add(topic, await resolveStart(client, name, partitions, range.from), ends);
      const wanted = records ?? Number.POSITIVE_INFINITY;
      const telling = { topic: name, verb: 'read', timed: 'fetch latency' };
      await measured(telling, options, stop, async (measurement) => {
        await readAll(reader, wanted, options.idleMs, measurement, stop);
        if (reader.damage !== null) throw reader.damage;
        if (reader.takeDeleted().length > 0) {
          throw new CliError(`topic ${shown(name)} deleted while being read`);
        }
        if (stop.aborted || records === undefined || measurement.records >= records) return;
        throw new CliError(
          `${measurement.records} of ${records} records came, and none for ${options.idleMs} ms; --timeout waits longer`,
        );
      });
    }),
  );
}

async function readAll(
  reader: PartitionReader,
  wanted: number,
  idleMs: number,
  measurement: Measurement,
  stop: AbortSignal,
): Promise<void> {
  let lastMs = performance.now();
  while (!stop.aborted && measurement.records < wanted && !reader.isThrough(false)) {
    const askedMs = performance.now();
    if (askedMs - lastMs >= idleMs) return;
    const waitMs = Math.min(CLI_LIMITS.fetchWaitMs, Math.ceil(idleMs - (askedMs - lastMs)));
    let isFirst = true;
    for await (const { record } of reader.read(waitMs, false)) {
      if (isFirst) measurement.time(performance.now() - askedMs);
      isFirst = false;
      measurement.add(1, (record.key?.length ?? 0) + (record.value?.length ?? 0));
      if (measurement.records >= wanted) break;
    }
    if (!isFirst) lastMs = performance.now();
  }
}
