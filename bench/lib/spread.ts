import type { Target } from '../brokers/target.js';
import { untilServed } from '../brokers/topics.js';
import type { Context } from './context.js';
import { drive } from './driver.js';
import { type BatchShape, type Frames, type Place, writeSpreadFrames } from './frames.js';
import { syncAll } from './machine.js';
import { countDescriptors, readMemory, readUsage } from './proc.js';
import type { Sample } from './row.js';

/** As many as Apache Kafka creates in one request without complaint. */
const PARTITIONS_PER_TOPIC = 1000;
/** In flight on each connection. */
const DEPTH = 5;
const WRITE_ALL_MS = 300_000;

/** Topics with `count` partitions in all, ready to be written. */
export async function createPartitions(target: Target, count: number): Promise<Place[]> {
  const places: Place[] = [];
  for (let left = count; left > 0; left -= PARTITIONS_PER_TOPIC) {
    const partitions = Math.min(left, PARTITIONS_PER_TOPIC);
    const topic = await target.createTopic({ partitions });
    for (let partition = 0; partition < partitions; partition++) places.push({ topic, partition });
  }
  return places;
}

/** Resolves when a broker that was started again serves all of them. */
export async function untilAllServed(target: Target, places: readonly Place[]): Promise<void> {
  const counts = new Map<string, number>();
  for (const { topic } of places) counts.set(topic, (counts.get(topic) ?? 0) + 1);
  for (const [topic, count] of counts) await untilServed(target.port, topic, count);
}

/** Produce frames that go around over all these partitions. */
export function spreadFrames(
  context: Context,
  places: readonly Place[],
  shape: BatchShape,
  framesMin = 0,
): Promise<Frames> {
  return writeSpreadFrames(context.newFolder(`spread-${performance.now()}`), places, {
    ...shape,
    framesMin,
  });
}

export interface SpreadLoad {
  readonly connections: number;
  readonly requests: number;
  /** Default 5. */
  readonly depth?: number;
  readonly durationMs?: number;
  readonly latencies?: boolean;
}

/**
 * Sends the requests of a load with these frames, and says what that took and what the broker holds
 * afterwards.
 */
export async function produceSpread(
  context: Context,
  target: Target,
  frames: Frames,
  load: SpreadLoad,
): Promise<Sample> {
  syncAll();
  const { report, begin, end, latency } = await drive({
    port: target.port,
    frames: frames.path,
    connections: load.connections,
    depth: load.depth ?? DEPTH,
    durationMs: load.durationMs ?? WRITE_ALL_MS,
    requestsMax: load.requests,
    errorAt: frames.errorAt,
    sizeMin: frames.sizeMin,
    probe: () => readUsage(target.pid),
    ...(load.latencies ? { folder: context.newFolder(`latencies-${performance.now()}`) } : {}),
  });
  const seconds = report.elapsedNs / 1e9;
  const cpuMs = end.cpuMs - begin.cpuMs;
  return {
    throughputMBs: (report.requests * frames.payloadBytes) / 1e6 / seconds,
    requestsPerS: report.requests / seconds,
    ...(cpuMs > 0 ? { cpuUsPerRequest: (cpuMs * 1e3) / report.requests } : {}),
    ...latency,
    ...heldBy(target),
  };
}

/** Memory and descriptors of a broker. */
export function heldBy(target: Target): Sample {
  return {
    rssAnonMB: readMemory(target.pid).rssAnonBytes / 1e6,
    descriptors: countDescriptors(target.pid, target.folder).all,
  };
}
