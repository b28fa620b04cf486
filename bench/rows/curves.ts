import { readFileSync } from 'node:fs';
import { installKafka, type KafkaInstallation, startKafka } from '../brokers/kafka.js';
import { type OdradekOptions, spawnOdradek, startOdradek } from '../brokers/odradek.js';
import type { Target } from '../brokers/target.js';
import type { Child } from '../lib/children.js';
import type { Context } from '../lib/context.js';
import { drive } from '../lib/driver.js';
import { batchOf, type Frames, writeRandomFetchFrames } from '../lib/frames.js';
import { dropCaches } from '../lib/machine.js';
import { freePort } from '../lib/ports.js';
import { readUsage } from '../lib/proc.js';
import type { Sample } from '../lib/row.js';
import type { RowPlan } from '../lib/runner.js';
import {
  createPartitions,
  heldBy,
  produceSpread,
  spreadFrames,
  untilAllServed,
} from '../lib/spread.js';
import { appendSlice } from './engine.js';
import { HEAP, SCALE_BATCH } from './spread-side.js';
import { timeStart } from './start.js';
import { FETCHED_BATCH, fillTopic } from './wire-fetch.js';

/** What a curve is drawn of. Its points are rows with ids `curve/NAME-X`. */
export type CurveSystem = 'Odradek' | 'Apache Kafka';

const KIB = 1024;
const SLICES = 3;
const SLICE_BYTES = 200e6;
const REQUESTS_MIN = 500;
const JVM_SLICES_TO_WARM = 25;
const SLICES_TO_WARM = 3;
const RANDOM_READS = 5_000;
const SMOKE_SHARE = 1 / 200;

/** A broker that can be stopped and started again on what it has written. */
interface Restartable {
  start(): Promise<Target>;
  spawn(): Promise<Child>;
  readonly port: number;
}

async function restartable(
  context: Context,
  system: CurveSystem,
  core: number | null | undefined,
): Promise<Restartable> {
  const folder = context.newFolder('broker');
  if (system === 'Apache Kafka') {
    const kafka: KafkaInstallation = await installKafka({
      folder,
      ...(core === undefined ? {} : { core }),
    });
    return { port: kafka.port, spawn: kafka.spawn, start: () => startKafka(kafka) };
  }
  const options: OdradekOptions = {
    folder,
    port: await freePort(),
    set: { 'odradek.flush': 'os' },
    nodeArguments: [HEAP],
    ...(core === undefined ? {} : { core }),
  };
  return {
    port: options.port!,
    spawn: () => spawnOdradek(options),
    start: () => startOdradek(options),
  };
}

async function started(context: Context, broker: Restartable): Promise<Target> {
  const target = await broker.start();
  context.defer(async () => {
    if (target.ended() === null) await target.stop('SIGKILL');
  });
  return target;
}

/** Slices of equal work, after enough of them to be warm. */
async function slices(
  context: Context,
  target: Target,
  one: () => Promise<Sample>,
): Promise<Sample[]> {
  const { isSmoke } = context.scale;
  const toWarm = target.isJvm ? JVM_SLICES_TO_WARM : SLICES_TO_WARM;
  for (let i = 0; i < (isSmoke ? 1 : toWarm); i++) await one();
  const samples: Sample[] = [];
  for (let i = 0; i < (isSmoke ? 1 : SLICES); i++) samples.push(await one());
  return samples;
}

/** The number of requests that carry the bytes of a slice. */
function requestsFor(context: Context, frames: Frames, requestsMax = 60_000): number {
  const bytes = context.scale.isSmoke ? SLICE_BYTES * SMOKE_SHARE : SLICE_BYTES;
  const least = context.scale.isSmoke ? 20 : REQUESTS_MIN;
  return Math.min(requestsMax, Math.max(least, Math.round(bytes / frames.payloadBytes)));
}

/** What a JVM of its own takes to start and to get warm, for each point. */
const JVM_SECONDS = 65;

const point = (
  system: CurveSystem,
  curve: string,
  x: number,
  title: string,
  rest: Pick<RowPlan, 'conditions' | 'run' | 'seconds' | 'onlyIfNamed'>,
): RowPlan => ({
  id: `curve/${curve}-${x}`,
  title: `${system}, ${title}`,
  ...rest,
  seconds: (rest.seconds ?? 0) + (system === 'Apache Kafka' ? JVM_SECONDS : 0),
});

const label = (x: number): string => x.toLocaleString('en-US');

function partitionsPoint(system: CurveSystem, partitions: number): RowPlan {
  return point(system, 'partitions', partitions, `${label(partitions)} partitions`, {
    conditions: { batches: '16 KiB of 1 KiB records', connections: 4, 'in flight each': 5 },
    seconds: 15 + partitions / 200,
    async run(context) {
      const count = context.scale.isSmoke ? Math.min(partitions, 50) : partitions;
      const broker = await restartable(context, system, undefined);
      let target = await started(context, broker);
      const begin = performance.now();
      const places = await createPartitions(target, count);
      const createMs = performance.now() - begin;
      const frames = await spreadFrames(context, places, SCALE_BATCH);
      const once = { connections: 4, requests: count };
      const load = { connections: 4, requests: Math.max(count, requestsFor(context, frames)) };
      const samples = await slices(context, target, () =>
        produceSpread(context, target, frames, load),
      );
      const all = readFileSync(frames.path);
      // The first frame is for the first partition of all.
      const record = {
        frame: all.subarray(0, all.readUInt32BE(0) + 4),
        errorAt: frames.errorAt,
      };
      const again = (): Promise<number> => timeStart(broker.spawn, broker.port, record);
      await target.stop();
      const restartMs = await again();
      target = await started(context, broker);
      await untilAllServed(target, places);
      await produceSpread(context, target, frames, once);
      await target.stop('SIGKILL');
      const restartKilledMs = await again();
      return {
        sides: [
          {
            name: system,
            samples: samples.map((sample, i) =>
              i === 0 ? { ...sample, createMs, restartMs, restartKilledMs } : sample,
            ),
          },
        ],
      };
    },
  });
}

function logPoint(system: CurveSystem, gigabytes: number, onlyIfNamed = false): RowPlan {
  return point(system, 'log', gigabytes, `a log of ${gigabytes} GB`, {
    conditions: {
      batches: '64 KiB of 1 KiB records, one partition',
      caches: 'dropped before each start and before the reads',
      reads: 'one batch each, at random places, 4 in flight',
    },
    seconds: 20 + gigabytes * 6,
    ...(onlyIfNamed ? { onlyIfNamed } : {}),
    async run(context) {
      const bytes = gigabytes * 1e9 * (context.scale.isSmoke ? SMOKE_SHARE : 1);
      const broker = await restartable(context, system, null);
      let target = await started(context, broker);
      const { topic, batches } = await fillTopic(context, target, bytes);
      const [place] = [{ topic, partition: 0 }];
      const frames = await spreadFrames(context, [place], FETCHED_BATCH);
      const record = { frame: readFileSync(frames.path), errorAt: frames.errorAt };
      const notes: string[] = [];
      const again = (): Promise<number> => {
        if (!dropCaches()) notes.push('caches could not be dropped (needs root)');
        return timeStart(broker.spawn, broker.port, record);
      };
      // Right behind the writing: what no checkpoint covers is read again.
      await target.stop('SIGKILL');
      const restartKilledMs = await again();
      const restartMs = await again();
      target = await started(context, broker);
      dropCaches();
      const reads = writeRandomFetchFrames(context.newFolder('reads'), {
        topic,
        batch: await batchOf(FETCHED_BATCH),
        batches,
        count: context.scale.isSmoke ? 20 : RANDOM_READS,
        seed: gigabytes,
      });
      const read = await readAll(context, target, reads);
      await target.stop();
      return {
        sides: [{ name: system, samples: [{ restartMs, restartKilledMs, ...read }] }],
        notes: [...new Set(notes)],
      };
    },
  });
}

/** Sends every frame once. */
async function readAll(context: Context, target: Target, frames: Frames): Promise<Sample> {
  const bytes = readFileSync(frames.path);
  let count = 0;
  for (let at = 0; at < bytes.length; at += bytes.readUInt32BE(at) + 4) count++;
  const { report, latency } = await drive({
    port: target.port,
    frames: frames.path,
    connections: 4,
    depth: 1,
    durationMs: 120_000,
    requestsMax: count,
    errorAt: frames.errorAt,
    sizeMin: frames.sizeMin,
    folder: context.newFolder('latencies'),
    probe: () => readUsage(target.pid),
  });
  return {
    requestsPerS: report.requests / (report.elapsedNs / 1e9),
    ...latency,
    ...heldBy(target),
  };
}

/** A point of produce load on a fresh broker. */
function loadPoint(
  system: CurveSystem,
  curve: string,
  x: number,
  title: string,
  load: { readonly recordBytes: number; readonly batchBytes: number; readonly connections: number },
): RowPlan {
  const depth = load.connections > 1 ? 1 : 5;
  return point(system, curve, x, title, {
    conditions: {
      'record B': load.recordBytes,
      'batch B': load.batchBytes,
      connections: load.connections,
      'in flight each': depth,
      partitions: 16,
    },
    seconds: 15,
    async run(context) {
      const broker = await restartable(context, system, undefined);
      const target = await started(context, broker);
      const frames = await spreadFrames(context, await createPartitions(target, 16), load);
      const requests = requestsFor(context, frames);
      const samples = await slices(context, target, () =>
        produceSpread(context, target, frames, {
          connections: load.connections,
          depth,
          requests,
          latencies: true,
        }),
      );
      await target.stop();
      return { sides: [{ name: system, samples }] };
    },
  });
}

const connectionsPoint = (system: CurveSystem, connections: number): RowPlan =>
  loadPoint(system, 'connections', connections, `${label(connections)} connections`, {
    recordBytes: KIB,
    batchBytes: 0,
    connections,
  });

const batchPoint = (system: CurveSystem, batchBytes: number): RowPlan =>
  loadPoint(system, 'batch', batchBytes, `batches of up to ${label(batchBytes)} B`, {
    recordBytes: 100,
    batchBytes: Math.min(batchBytes, LARGEST_BATCH),
    connections: 1,
  });

/** Only ours: it has no socket. */
function waitersPoint(waiters: number): RowPlan {
  return point('Odradek', 'waiters', waiters, `engine append, ${label(waiters)} waiters`, {
    conditions: { batches: '1 KiB of one record', flush: 'ack' },
    seconds: 12,
    async run(context) {
      const samples: Sample[] = [];
      for (let i = 0; i < (context.scale.isSmoke ? 1 : SLICES); i++) {
        const sample = await appendSlice(context, 'engine', {
          batchBytes: KIB,
          waiters,
          flush: 'ack',
        });
        samples.push({ ...sample, appendUs: 1e6 / sample.requestsPerS! });
      }
      return { sides: [{ name: 'Odradek', samples }] };
    },
  });
}

/** The least batch holds one record of 100 B. */
const BATCHES = [170, KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, KIB * KIB];
/**
 * `max.message.bytes` is little more than 1 MiB, and in so long a batch the last records' deltas
 * take a byte more than batches are made for.
 */
const LARGEST_BATCH = 1020 * KIB;
const CONNECTIONS = [1, 3, 10, 30, 100, 300, 1000];

export const curveRows = {
  odradek: [
    ...[1, 10, 100, 1000, 10_000].map((count) => partitionsPoint('Odradek', count)),
    ...CONNECTIONS.map((count) => connectionsPoint('Odradek', count)),
    ...BATCHES.map((bytes) => batchPoint('Odradek', bytes)),
    ...[1, 10, 100, 1000, 10_000].map(waitersPoint),
    ...[1, 3, 10, 20].map((gigabytes) => logPoint('Odradek', gigabytes)),
    logPoint('Odradek', 50, true),
  ],
  /**
   * It keeps three descriptors and two mapped files a partition, so at 10,000 partitions it would
   * need more than a limit of 20,000 descriptors: the limit of the environment, and the last point
   * can be named where that is higher.
   */
  kafka: [
    ...[1, 10, 100, 1000, 5000].map((count) => partitionsPoint('Apache Kafka', count)),
    { ...partitionsPoint('Apache Kafka', 10_000), onlyIfNamed: true },
    ...CONNECTIONS.map((count) => connectionsPoint('Apache Kafka', count)),
    ...BATCHES.map((bytes) => batchPoint('Apache Kafka', bytes)),
  ],
} as const satisfies Record<string, readonly RowPlan[]>;
