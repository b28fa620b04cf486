import type { Target, TopicShape } from '../brokers/target.js';
import type { Context } from './context.js';
import { drive } from './driver.js';
import type { Frames } from './frames.js';
import { syncAll } from './machine.js';
import { voided } from './outcome.js';
import { readMemory, readUsage } from './proc.js';
import type { Sample, Side } from './row.js';
import { hasStoppedRising, sliceOrder } from './statistics.js';

/** One kind of load, the same for every target. */
export interface Workload {
  readonly topic: TopicShape;
  readonly connections: number;
  readonly depth: number;
  /** The requests, for a topic with this name on this target. */
  frames(topic: string, target: Target): Promise<Frames>;
  /** Whether every slice gets a topic of its own. Reads share one that was filled before. */
  readonly freshTopic: boolean;
  /** Whether requests grow a file; bounds them. */
  readonly writes: boolean;
  /**
   * Open loop: requests a second; latencies are measured with it and in closed loops that ask for
   * them.
   */
  readonly rate?: number;
  readonly latencies?: boolean;
}

/**
 * How long one drive of a warm-up is, while cold and when the process is warm from the row before.
 */
const COLD_SLICE_MS = 2000;
const WARM_SLICE_MS = 1000;
/** What was warmed up before, if only by another load. */
const warm = new WeakSet<Target>();

/** What one target did under a workload, and what the idle ones used meanwhile. */
export async function measureSlice(
  context: Context,
  target: Target,
  workload: Workload,
  idle: readonly Target[] = [],
  sliceMs = context.scale.sliceMs,
): Promise<Sample> {
  const { scale } = context;
  const topic = workload.freshTopic ? await target.createTopic(workload.topic) : '';
  const folder = context.newFolder('slice');
  const frames = await workload.frames(topic, target);
  syncAll();
  const requestsMax = workload.writes
    ? Math.max(
        1,
        Math.floor((scale.fileBytesMax * workload.topic.partitions) / frames.payloadBytes),
      )
    : 0;
  const pids = [target, ...idle].map(({ pid }) => pid);
  const { report, begin, end, latency } = await drive({
    port: target.port,
    frames: frames.path,
    connections: workload.connections,
    depth: workload.depth,
    warmupMs: scale.leadInMs,
    durationMs: sliceMs,
    requestsMax,
    errorAt: frames.errorAt,
    sizeMin: frames.sizeMin,
    rate: workload.rate ?? 0,
    ...(workload.latencies || workload.rate ? { folder } : {}),
    probe: () => pids.map(readUsage),
  }).catch((error) => {
    const words = target.ended();
    throw words === null
      ? error
      : voided(`${target.name} ended in the middle of the row: ${words}`);
  });
  if (workload.freshTopic) await target.deleteTopic(topic);
  const seconds = report.elapsedNs / 1e9;
  const cpuMs = end.map((usage, i) => usage.cpuMs - begin[i]!.cpuMs);
  const bytes = report.requests * frames.payloadBytes;
  const { rssAnonBytes, peakRssBytes } = readMemory(target.pid);
  return {
    throughputMBs: bytes / 1e6 / seconds,
    requestsPerS: report.requests / seconds,
    recordsPerS: (report.requests * frames.recordsPerRequest) / seconds,
    // A slice so small that not one tick fell into it has no such figure rather than a zero.
    ...(cpuMs[0]! > 0
      ? {
          cpuSPerGB: cpuMs[0]! / 1e3 / (bytes / 1e9),
          cpuUsPerRequest: (cpuMs[0]! * 1e3) / report.requests,
        }
      : {}),
    driverCpuShare: report.cpuMs / 1e3 / seconds,
    ...(idle.length > 0
      ? { otherCpuShare: cpuMs.slice(1).reduce((sum, ms) => sum + ms, 0) / 1e3 / seconds }
      : {}),
    rssAnonMB: rssAnonBytes / 1e6,
    peakRssMB: peakRssBytes / 1e6,
    ...latency,
  };
}

/** Loads a target until its rate has stopped rising. Returns how many seconds of load that took. */
export async function warmUp(
  context: Context,
  target: Target,
  workload: Workload,
): Promise<number> {
  const { warmUpMaxMs, coldMs } = context.scale;
  const isWarm = warm.has(target);
  const sliceMs = Math.min(isWarm ? WARM_SLICE_MS : COLD_SLICE_MS, context.scale.sliceMs);
  const window = isWarm ? 2 : 3;
  const needMs = target.isJvm && !isWarm ? coldMs : 0;
  const rates: number[] = [];
  let spentMs = 0;
  while (spentMs < warmUpMaxMs && (spentMs < needMs || !hasStoppedRising(rates, { window }))) {
    const sample = await measureSlice(context, target, workload, [], sliceMs);
    rates.push(sample.requestsPerS!);
    spentMs += sliceMs;
  }
  warm.add(target);
  return spentMs / 1e3;
}

/**
 * Warms every target up, then runs their slices interleaved: AB, BA, AB, … One target is under load
 * at a time; the others idle, and what they use meanwhile is a figure of the slice.
 */
export async function interleave(
  context: Context,
  targets: readonly Target[],
  workload: Workload,
  pairs = context.scale.pairs,
): Promise<Side[]> {
  for (const target of targets) {
    const seconds = await warmUp(context, target, workload);
    context.say(`${target.name} warmed up for ${seconds.toFixed(0)} s`);
  }
  const samples = new Map<Target, Sample[]>(targets.map((target) => [target, []]));
  for (const order of sliceOrder(pairs, targets)) {
    for (const target of order) {
      const idle = targets.filter((other) => other !== target);
      samples.get(target)!.push(await measureSlice(context, target, workload, idle));
    }
  }
  return targets.map((target) => ({ name: target.name, samples: samples.get(target)! }));
}
