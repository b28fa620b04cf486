import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildBatch, seededRandom } from '../../engine/index.js';
import { Client } from '../../server/cli/client.js';
import { APIS } from '../../server/handlers/apis.js';
import { encodeRequest } from '../../server/protocol/frame.js';
import { type Odradek, startOdradek } from '../brokers/odradek.js';
import type { Context } from '../lib/context.js';
import { drive } from '../lib/driver.js';
import { asciiText, type Frames } from '../lib/frames.js';
import { syncAll } from '../lib/machine.js';
import { voided } from '../lib/outcome.js';
import { readUsage } from '../lib/proc.js';
import type { Sample } from '../lib/row.js';
import type { RowPlan } from '../lib/runner.js';
import { sliceOrder } from '../lib/statistics.js';
import { tail } from '../lib/tail.js';

/**
 * What the threads of compaction and retention cost those who wait for the newest record: the same
 * client at the same rate, while they run and while they do not. What they work on is written
 * before each slice, idle ones too: a device that was given half a gigabyte may be slow for a
 * while. They are let loose by a setting, within the slice or after it.
 */

const MIB = 1024 ** 2;
const RATE = 1000;
const RECORD_BYTES = 100;
const BATCH_RECORDS = 500;
const BATCHES = 1024;
const OLD_BATCHES = 64;
const KEYS = 400_000;
/** So much for each second of a slice is more than the threads get through. */
const DIRTY_BYTES_PER_S = 90 * MIB;
const OLD_SEGMENT_BYTES = MIB;
/** Retention takes so much at a time, and so often. */
const OLD_STEP_BYTES = 4 * MIB;
const OLD_STEP_MS = 200;
const SETTLE_MS = 120_000;
/** A client that was just started is late by itself. */
const LEAD_IN_MS = 2000;

const IDLE = 'idle';
const BUSY = 'compaction and retention';

/** How often the broker has said that it compacted a log, and deleted a segment. */
interface Done {
  readonly passes: number;
  readonly segments: number;
  readonly cpuMs: number;
}

class Stage {
  readonly #context: Context;
  readonly #odradek: Odradek;
  readonly #state: string;
  readonly #old: string;
  readonly #frames: Frames;
  readonly #oldFrames: Frames;
  #passes = 0;
  #segments = 0;
  #oldBytes = 0;

  private constructor(
    context: Context,
    odradek: Odradek,
    topics: readonly [state: string, old: string],
    frames: readonly [state: Frames, old: Frames],
  ) {
    this.#context = context;
    this.#odradek = odradek;
    [this.#state, this.#old] = topics;
    [this.#frames, this.#oldFrames] = frames;
    createInterface({ input: odradek.child.process.stderr! }).on('line', (line) => {
      if (line.includes('log compacted')) this.#passes++;
      if (line.includes('segment deleted')) this.#segments++;
    });
  }

  static async set(context: Context, flush: string): Promise<Stage> {
    const odradek = await startOdradek({
      folder: context.newFolder('odradek'),
      set: {
        'odradek.flush': flush,
        'log.cleaner.backoff.ms': '20',
        'log.retention.check.interval.ms': '50',
      },
    });
    context.defer(() => odradek.stop());
    // What a slice makes to be deleted goes within it, and not a minute later in another.
    const written = { 'odradek.flush': 'os', 'file.delete.delay.ms': '100' };
    const state = await odradek.createTopic({
      partitions: 1,
      configs: {
        ...written,
        'cleanup.policy': 'compact',
        'segment.bytes': String(16 * MIB),
        'min.cleanable.dirty.ratio': '1',
      },
    });
    const old = await odradek.createTopic({
      partitions: 1,
      configs: { ...written, 'segment.bytes': String(OLD_SEGMENT_BYTES), 'retention.bytes': '-1' },
    });
    const folder = context.newFolder('frames');
    const frames = [
      await keyedFrames(folder, state, BATCHES),
      await keyedFrames(folder, old, OLD_BATCHES),
    ] as const;
    return new Stage(context, odradek, [state, old], frames);
  }

  /**
   * What a tailing client sees. `isBusy`: while the threads work, from before the slice to after
   * it.
   */
  async slice(isBusy: boolean): Promise<Sample> {
    const { scale } = this.#context;
    const leadInMs = scale.isSmoke ? scale.leadInMs : LEAD_IN_MS;
    const seconds = (leadInMs + scale.sliceMs) / 1000;
    await this.#write(this.#frames, DIRTY_BYTES_PER_S * (seconds + 1));
    const steps = (seconds * 1000) / OLD_STEP_MS + 10;
    await this.#write(this.#oldFrames, OLD_STEP_BYTES * steps);
    this.#oldBytes = OLD_STEP_BYTES * steps;
    const topic = await this.#odradek.createTopic({ partitions: 1 });
    syncAll();
    const passesBefore = this.#passes;
    let taking: NodeJS.Timeout | null = null;
    if (isBusy) {
      await this.#compact();
      taking = setInterval(() => void this.#takeOld().catch(() => {}), OLD_STEP_MS);
    }
    const { latency, begin, end } = await tail({
      port: this.#odradek.port,
      topic,
      rate: RATE,
      warmupMs: leadInMs,
      durationMs: scale.sliceMs,
      folder: this.#context.newFolder('slice'),
      probe: () => this.#done(),
    });
    if (taking !== null) clearInterval(taking);
    const segments = end.segments - begin.segments;
    if (isBusy) {
      if (end.passes > passesBefore && !scale.isSmoke) {
        throw voided('the compaction ended before the slice did: there was too little to do');
      }
      if (segments === 0 && !scale.isSmoke) throw voided('retention deleted nothing in a slice');
    } else {
      await this.#compact();
    }
    await this.#settled(passesBefore);
    await this.#odradek.deleteTopic(topic);
    return {
      ...latency,
      brokerCpuShare: (end.cpuMs - begin.cpuMs) / scale.sliceMs,
      segmentsDeleted: segments,
    };
  }

  /** The threads end what they were given, and find nothing more. */
  async #settled(passesBefore: number): Promise<void> {
    const deadline = Date.now() + SETTLE_MS;
    while (this.#passes === passesBefore) {
      if (Date.now() > deadline) throw voided('a compaction did not end within two minutes');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await this.#alter(this.#state, 'min.cleanable.dirty.ratio', '1');
    await this.#alter(this.#old, 'retention.bytes', '0');
    await new Promise((resolve) => setTimeout(resolve, 500));
    await this.#alter(this.#old, 'retention.bytes', '-1');
  }

  #compact(): Promise<void> {
    return this.#alter(this.#state, 'min.cleanable.dirty.ratio', '0');
  }

  async #takeOld(): Promise<void> {
    this.#oldBytes = Math.max(0, this.#oldBytes - OLD_STEP_BYTES);
    await this.#alter(this.#old, 'retention.bytes', String(this.#oldBytes));
  }

  #done(): Done {
    const { cpuMs } = readUsage(this.#odradek.pid);
    return { passes: this.#passes, segments: this.#segments, cpuMs };
  }

  async #write(frames: Frames, bytes: number): Promise<void> {
    await drive({
      port: this.#odradek.port,
      frames: frames.path,
      connections: 1,
      depth: 4,
      durationMs: SETTLE_MS,
      requestsMax: Math.ceil(bytes / frames.payloadBytes),
      errorAt: frames.errorAt,
      sizeMin: frames.sizeMin,
      probe: () => null,
    });
  }

  async #alter(topic: string, name: string, value: string): Promise<void> {
    const client = await Client.connect({
      bootstrap: `127.0.0.1:${this.#odradek.port}`,
      timeoutMs: 30_000,
    });
    try {
      const { responses } = await client.request(APIS.IncrementalAlterConfigs, {
        resources: [
          {
            resourceType: 2,
            resourceName: topic,
            configs: [{ name, configOperation: 0, value }],
          },
        ],
        validateOnly: false,
      });
      const { errorCode, errorMessage } = responses[0]!;
      if (errorCode !== 0) throw voided(`changing ${name}: error ${errorCode} ${errorMessage}`);
    } finally {
      client.close();
    }
  }
}

/** Produce requests of records with keys. */
async function keyedFrames(folder: string, topic: string, batches: number): Promise<Frames> {
  const random = seededRandom(7);
  const timestamp = Date.now();
  const frames: Buffer[] = [];
  let payloadBytes = 0;
  for (let at = 0; at < batches; at++) {
    const records = Array.from({ length: BATCH_RECORDS }, (_, record) => ({
      key: `key-${Math.floor(random.next() * KEYS)}`,
      value: asciiText(RECORD_BYTES, at * BATCH_RECORDS + record),
      timestamp,
    }));
    const batch = await buildBatch(records);
    payloadBytes += batch.length / batches;
    frames.push(
      encodeRequest(APIS.Produce, 7, at, 'bench', {
        acks: -1,
        timeoutMs: SETTLE_MS,
        topics: [{ name: topic, partitions: [{ index: 0, records: batch }] }],
      }),
    );
  }
  const path = join(folder, `keyed-${topic}.frames`);
  writeFileSync(path, Buffer.concat(frames));
  return {
    path,
    errorAt: 4 + 4 + 2 + topic.length + 4 + 4,
    sizeMin: 40,
    payloadBytes,
    recordsPerRequest: BATCH_RECORDS,
  };
}

export const maintenanceRows: readonly RowPlan[] = (['os', 'ack'] as const).map((flush) => ({
  id: `maintenance/tail-${flush}`,
  seconds: 400,
  title: `Tailing while compaction and retention of other topics run, ${flush}`,
  conditions: {
    rate: RATE,
    loop: 'open',
    record: `${RECORD_BYTES} B`,
    flush,
    client: 'Node, on a core of its own: 8 connections to produce, one to fetch',
    broker: 'one core, with all its threads',
  },
  async run(context) {
    const stage = await Stage.set(context, flush);
    const samples = new Map<string, Sample[]>([
      [IDLE, []],
      [BUSY, []],
    ]);
    // What is not compiled yet is not what is measured.
    for (const name of [IDLE, BUSY]) await stage.slice(name === BUSY);
    for (const order of sliceOrder(context.scale.pairs, [IDLE, BUSY])) {
      for (const name of order) samples.get(name)!.push(await stage.slice(name === BUSY));
    }
    return {
      sides: [...samples].map(([name, of]) => ({ name, samples: of })),
      comparisons: [
        {
          metric: 'p99Us',
          ours: BUSY,
          theirs: IDLE,
          threshold: { direction: 'at-most', value: 1.5 },
        },
        { metric: 'p50Us', ours: BUSY, theirs: IDLE },
        { metric: 'p999Us', ours: BUSY, theirs: IDLE },
      ],
    };
  },
}));
