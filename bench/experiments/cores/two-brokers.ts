/**
 * Whether a second broker on a second core doubles the work: `node
 * dist/bench/experiments/cores/two-brokers.js FOLDER`. Each core has a broker and its own driver,
 * first one pair alone, then both; and one broker with its driver on both cores. CPU a request is
 * the figure to look at, since brokers and drivers share two cores.
 */
import { type Odradek, startOdradek } from '../../brokers/odradek.js';
import { createRunFolder, FULL, rowContext } from '../../lib/context.js';
import { drive } from '../../lib/driver.js';
import { type Frames, writeProduceFrames } from '../../lib/frames.js';
import { readUsage } from '../../lib/proc.js';
import { median } from '../../lib/statistics.js';
import { PRODUCE_LOADS } from '../../rows/wire-produce.js';

const LOADS = ['64k', '16k', 'single'] as const;
const SLICES = 3;
const SLICE_MS = 1500;
const LEAD_IN_MS = 300;

interface Found {
  readonly requestsPerS: number;
  readonly cpuUs: number;
}

const context = rowContext(createRunFolder(process.argv[2] ?? '.'), FULL, () => {});

async function start(name: string, core: number | null): Promise<Odradek> {
  const folder = context.newFolder(name);
  const broker = await startOdradek({ folder, core, set: { 'odradek.flush': 'os' } });
  context.defer(() => broker.stop());
  return broker;
}

async function slice(
  broker: Odradek,
  core: number | null,
  loadName: (typeof LOADS)[number],
): Promise<Found> {
  const load = PRODUCE_LOADS[loadName];
  const topic = await broker.createTopic({ partitions: 1 });
  const frames: Frames = await writeProduceFrames(context.newFolder('frames'), {
    ...load,
    topic,
    partitions: 1,
    acks: 1,
  });
  const { report, begin, end } = await drive({
    port: broker.port,
    frames: frames.path,
    connections: load.connections,
    depth: load.depth,
    warmupMs: LEAD_IN_MS,
    durationMs: SLICE_MS,
    requestsMax: Math.floor(FULL.fileBytesMax / frames.payloadBytes),
    errorAt: frames.errorAt,
    sizeMin: frames.sizeMin,
    core,
    probe: () => readUsage(broker.pid),
  });
  await broker.deleteTopic(topic);
  return {
    requestsPerS: report.requests / (report.elapsedNs / 1e9),
    cpuUs: ((end.cpuMs - begin.cpuMs) * 1e3) / report.requests,
  };
}

try {
  const first = await start('first', 0);
  const second = await start('second', 1);
  const free = await start('free', null);
  process.stdout.write('| load | setting | requests/s | broker CPU µs a request |\n');
  for (const loadName of LOADS) {
    const found = new Map<string, Found[]>();
    const note = (setting: string, one: Found): void => {
      found.set(setting, [...(found.get(setting) ?? []), one]);
    };
    for (const broker of [first, second, free]) await slice(broker, null, loadName);
    for (let at = 0; at < SLICES; at++) {
      note('one broker and driver on one core', await slice(first, 0, loadName));
      const both = await Promise.all([slice(first, 0, loadName), slice(second, 1, loadName)]);
      note('two brokers and drivers, a core each', {
        requestsPerS: both[0].requestsPerS + both[1].requestsPerS,
        cpuUs: (both[0].cpuUs + both[1].cpuUs) / 2,
      });
      note('one broker, core of its own, driver on the other', await slice(first, 1, loadName));
      note('one broker and driver, free on both cores', await slice(free, null, loadName));
    }
    for (const [setting, all] of found) {
      const rate = median(all.map(({ requestsPerS }) => requestsPerS));
      const cpu = median(all.map(({ cpuUs }) => cpuUs));
      process.stdout.write(
        `| ${loadName} | ${setting} | ${Math.round(rate)} | ${cpu.toFixed(1)} |\n`,
      );
    }
  }
} finally {
  await context.end();
}
