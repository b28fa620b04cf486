import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { startOdradek } from '../brokers/odradek.js';
import type { Target } from '../brokers/target.js';
import type { Context } from '../lib/context.js';
import { drive, driverName } from '../lib/driver.js';
import { type EndToEnd, endToEnd } from '../lib/end-to-end.js';
import { batchOf, type Frames, writeFetchFrames } from '../lib/frames.js';
import { dropFromCache, syncAll } from '../lib/machine.js';
import { readUsage } from '../lib/proc.js';
import type { Sample, Side } from '../lib/row.js';
import type { RowPlan } from '../lib/runner.js';
import { sliceOrder } from '../lib/statistics.js';
import { FETCHED_BATCH, fillTopic } from './wire-fetch.js';

const MIB = 1024 ** 2;
const SCAN_MS = 600_000;
const WARM_UP_RECORDS = 10_000;
const IDLE_RECORDS = 5000;
const SMOKE_RECORDS = 50;
/** Of what the row scans, in topics as large as fetch rows read. */
const SCAN_TIMES = 2;

const BATCH_BYTES_MIN = 1024;
const FORGETTING_MS = 1500;

const SIDES = ['idle', 'hot scan', 'cold scan'] as const;
type SideName = (typeof SIDES)[number];

/** One consumer reads a whole topic while another is at the tail of its own. */
async function scan(target: Target, frames: Frames, requests: number): Promise<Sample> {
  const { report, begin, end } = await drive({
    port: target.port,
    frames: frames.path,
    connections: 1,
    depth: 1,
    durationMs: SCAN_MS,
    requestsMax: requests,
    errorAt: frames.errorAt,
    // Where a segment ends, so does a slice.
    sizeMin: BATCH_BYTES_MIN,
    probe: () => readUsage(target.pid),
  });
  const bytes = report.requests * frames.payloadBytes;
  return {
    throughputMBs: bytes / 1e6 / (report.elapsedNs / 1e9),
    cpuSPerGB: (end.cpuMs - begin.cpuMs) / 1e3 / (bytes / 1e9),
  };
}

/** The tail's latencies, with nothing else going on or while a scan does. */
async function measureTail(
  context: Context,
  ends: EndToEnd,
  scanning: (() => Promise<Sample>) | null,
): Promise<Sample> {
  if (scanning === null) {
    return ends.measure(context.scale.isSmoke ? SMOKE_RECORDS : IDLE_RECORDS);
  }
  let over = false;
  const scanned = scanning().finally(() => {
    over = true;
  });
  const [sample, scanSample] = await Promise.all([ends.measureUntil(() => over), scanned]);
  return { ...scanSample, ...sample };
}

const catchUpRow: RowPlan = {
  id: 'latency/tail-during-scan',
  seconds: 90,
  title:
    'End to end at the tail, while another consumer reads a whole topic, from memory or from disk',
  conditions: {
    record: '100 B',
    flush: 'os',
    scan: '1 MiB slices, one in flight',
    driver: driverName(),
    client: 'Node, one connection to produce, one to fetch',
  },
  async run(context) {
    const folder = context.newFolder('odradek');
    const odradek = await startOdradek({ folder, set: { 'odradek.flush': 'os' } });
    context.defer(() => odradek.stop());
    const { topic, batches } = await fillTopic(
      context,
      odradek,
      context.scale.hotBytes * SCAN_TIMES,
    );
    const batch = await batchOf(FETCHED_BATCH);
    const frames = writeFetchFrames(context.newFolder('frames'), {
      topic,
      sliceBytes: MIB,
      batch,
      batches,
    });
    const requests = Math.floor(batches / Math.floor(MIB / batch.bytes.length));
    const ends = await endToEnd(odradek);
    context.defer(() => ends.close());
    await ends.measure(context.scale.isSmoke ? SMOKE_RECORDS : WARM_UP_RECORDS);
    await scan(odradek, frames, requests);
    const samples = new Map<SideName, Sample[]>(SIDES.map((name) => [name, []]));
    for (const order of sliceOrder(context.scale.pairs, SIDES)) {
      for (const name of order) {
        syncAll();
        if (name === 'cold scan') {
          dropFromCache(filesOf(folder, topic));
          // The broker believes for a second what it knew of its page cache.
          await new Promise((resolve) => setTimeout(resolve, FORGETTING_MS));
        }
        // Into memory first, whatever the slice before has left.
        if (name === 'hot scan') await scan(odradek, frames, requests);
        const scanning = name === 'idle' ? null : () => scan(odradek, frames, requests);
        samples.get(name)!.push(await measureTail(context, ends, scanning));
      }
    }
    const sides: Side[] = SIDES.map((name) => ({ name, samples: samples.get(name)! }));
    return {
      sides,
      comparisons: [
        {
          metric: 'p99Us',
          ours: 'cold scan',
          theirs: 'idle',
          threshold: { direction: 'at-most', value: 3 },
        },
        { metric: 'p99Us', ours: 'hot scan', theirs: 'idle' },
        { metric: 'p50Us', ours: 'cold scan', theirs: 'idle' },
      ],
      notes: ['MB/s and CPU are those of the scan and of everything the broker did meanwhile'],
    };
  },
};

function filesOf(folder: string, topic: string): string[] {
  const partition = join(folder, `${topic}-0`);
  return readdirSync(partition).map((name) => join(partition, name));
}

export const catchUpRows: readonly RowPlan[] = [catchUpRow];
