import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { Target } from '../brokers/target.js';
import { startChild } from './children.js';
import { asciiText } from './frames.js';
import { voided } from './outcome.js';
import { readMemory, readUsage } from './proc.js';
import type { Sample } from './row.js';

const TOOL_HEAP = '-Xmx512M';
const PAYLOAD_LINES = 10_000;

/** A line of `ProducerPerformance`: the summary is the last one. */
export function parseProducerSummary(
  output: string,
): { recordsPerS: number; p50Us: number; p99Us: number } | null {
  const summary = output
    .trim()
    .split('\n')
    .findLast((line) => line.includes('99.9th'));
  const [, rate] = /, ([\d.]+) records\/sec/.exec(summary ?? '') ?? [];
  const [, p50] = /, (\d+) ms 50th/.exec(summary ?? '') ?? [];
  const [, p99] = /, (\d+) ms 99th/.exec(summary ?? '') ?? [];
  if (rate === undefined || p50 === undefined || p99 === undefined) return null;
  return { recordsPerS: Number(rate), p50Us: Number(p50) * 1000, p99Us: Number(p99) * 1000 };
}

/**
 * The line of `ConsumerPerformance`: its `fetch.*` columns leave out the time of joining the group.
 */
export function parseConsumerSummary(
  output: string,
): { megabytes: number; mibPerS: number; recordsPerS: number } | null {
  const columns = output
    .trim()
    .split('\n')
    .map((line) => line.split(', '))
    .findLast((line) => line.length === 10 && /^\d{4}-/.test(line[0]!));
  if (columns === undefined) return null;
  const [, , mebibytes, , , , , , mibPerS, recordsPerS] = columns;
  return {
    megabytes: Number(mebibytes) * 1.048576,
    mibPerS: Number(mibPerS),
    recordsPerS: Number(recordsPerS),
  };
}

/** The records that `ProducerPerformance` sends: lines of exactly `recordBytes` bytes. */
export async function writePayloadFile(path: string, recordBytes: number): Promise<void> {
  const file = createWriteStream(path);
  for (let line = 0; line < PAYLOAD_LINES; line++) file.write(`${asciiText(recordBytes, line)}\n`);
  file.end();
  await finished(file);
}

export interface ProduceRun {
  readonly classPath: string;
  readonly payloadFile: string;
  readonly recordBytes: number;
  readonly records: number;
  /** Producer settings, such as `acks=1`. */
  readonly properties: readonly string[];
}

/** Runs Apache's producer tool against a target once, on a topic of its own. */
export async function runProducer(target: Target, run: ProduceRun): Promise<Sample> {
  const topic = await target.createTopic({ partitions: 1 });
  const { output, cpuMs } = await runTool(target, [
    ...['java', TOOL_HEAP, '-cp', run.classPath, 'org.apache.kafka.tools.ProducerPerformance'],
    ...['--topic', topic, '--num-records', String(run.records), '--throughput', '-1'],
    ...['--payload-file', run.payloadFile, '--bootstrap-server', `127.0.0.1:${target.port}`],
    ...['--command-property', 'compression.type=none', ...run.properties],
  ]);
  await target.deleteTopic(topic);
  const summary = parseProducerSummary(output);
  if (summary === null || /exception|error/i.test(output))
    throw voided(`ProducerPerformance: ${lastLine(output)}`);
  const gigabytes = (run.records * run.recordBytes) / 1e9;
  return {
    ...summary,
    throughputMBs: (summary.recordsPerS * run.recordBytes) / 1e6,
    cpuSPerGB: cpuMs / 1e3 / gigabytes,
    rssAnonMB: readMemory(target.pid).rssAnonBytes / 1e6,
  };
}

/** Runs Apache's consumer tool over a topic that holds at least `records` records. */
export async function runConsumer(
  target: Target,
  { classPath, topic, records }: { classPath: string; topic: string; records: number },
): Promise<Sample> {
  const { output, cpuMs } = await runTool(target, [
    ...['java', TOOL_HEAP, '-cp', classPath, 'org.apache.kafka.tools.ConsumerPerformance'],
    ...['--topic', topic, '--num-records', String(records)],
    ...['--bootstrap-server', `127.0.0.1:${target.port}`],
  ]);
  const summary = parseConsumerSummary(output);
  if (summary === null) throw voided(`ConsumerPerformance: ${lastLine(output)}`);
  return {
    throughputMBs: summary.mibPerS * 1.048576,
    recordsPerS: summary.recordsPerS,
    cpuSPerGB: cpuMs / 1e3 / (summary.megabytes / 1e3),
  };
}

/**
 * The broker's CPU is counted from before the tool starts to after it ends: idle but for the tool's
 * work.
 */
async function runTool(
  target: Target,
  command: string[],
): Promise<{ output: string; cpuMs: number }> {
  const before = readUsage(target.pid).cpuMs;
  const child = await startChild(command, { stdio: ['ignore', 'pipe', 'pipe'] });
  const { code } = await child.exited;
  if (code !== 0) throw voided(`${command[4]} ended with ${code}: ${lastLine(child.output())}`);
  return { output: child.output(), cpuMs: readUsage(target.pid).cpuMs - before };
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
