/**
 * A producer at a steady rate and a consumer at the end of the log, in one process: each record's
 * latency is from the time at which it was due, whatever the broker does, to when the consumer has
 * it. Spins on its core, so that it is never late itself. Options and lines are those of
 * `driver.ts`.
 */
import { writeFileSync } from 'node:fs';
import { batchSize, lastOffset } from '../../engine/batch/header.js';
import { APIS } from '../../server/handlers/apis.js';
import { decodeResponse, encodeRequest } from '../../server/protocol/frame.js';
import { Wire } from '../lib/end-to-end.js';
import { batchOf } from '../lib/frames.js';
import type { DriverReport } from './options.js';

const PRODUCE_VERSION = 7;
const FETCH_VERSION = 11;
const CLIENT_ID = 'tail';
const WAIT_MS = 500;
const CONNECTIONS = 8;
const RECORD = { recordBytes: 100, batchBytes: 0 };

const [port, topic, rate, warmupMs, durationMs, latencies] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
  string,
];
const everyMs = 1000 / Number(rate);
const total = Math.ceil((Number(warmupMs) + Number(durationMs)) / everyMs);
const counted = Math.floor(Number(warmupMs) / everyMs);
const samples: number[] = [];
const cpu = process.cpuUsage();
let received = 0;

const producers = await Promise.all(
  Array.from({ length: CONNECTIONS }, () => Wire.connect(Number(port))),
);
const consumer = await Wire.connect(Number(port));
const { bytes: records } = await batchOf(RECORD);
const produceFrame = encodeRequest(APIS.Produce, PRODUCE_VERSION, 1, CLIENT_ID, {
  acks: -1,
  timeoutMs: 30_000,
  topics: [{ name: topic, partitions: [{ index: 0, records }] }],
});

const free = [...producers];
const beganMs = performance.now() + 50;

/**
 * Which record has which offset does not matter: they are alike, and the n-th to arrive was due
 * n-th.
 */
async function consume(): Promise<void> {
  while (received < total) {
    const answer = await consumer.call(
      encodeRequest(APIS.Fetch, FETCH_VERSION, 1, CLIENT_ID, {
        maxWaitMs: WAIT_MS,
        minBytes: 1,
        topics: [
          {
            topic,
            partitions: [{ partition: 0, fetchOffset: received, partitionMaxBytes: 1024 ** 2 }],
          },
        ],
        forgottenTopicsData: [],
      }),
    );
    const nowMs = performance.now();
    const partition = decodeResponse(APIS.Fetch, FETCH_VERSION, answer).body.topics[0]
      ?.partitions[0];
    if (partition?.errorCode !== 0) throw new Error(`a fetch failed with ${partition?.errorCode}`);
    const bytes = partition.records ?? Buffer.alloc(0);
    for (let at = 0; at < bytes.length; at += batchSize(bytes, at)) {
      const end = lastOffset(bytes, at) + 1;
      for (; received < end; received++) {
        if (received < counted) continue;
        samples.push(Math.round((nowMs - (beganMs + received * everyMs)) * 1000));
      }
    }
  }
}

async function produce(wire: Wire): Promise<void> {
  const answer = decodeResponse(APIS.Produce, PRODUCE_VERSION, await wire.call(produceFrame)).body;
  const code = answer.topics[0]?.partitions[0]?.errorCode;
  if (code !== 0) throw new Error(`a produce failed with ${code}`);
  free.push(wire);
}

async function send(): Promise<void> {
  for (let sent = 0; sent < total; ) {
    await new Promise((resolve) => setImmediate(resolve));
    while (sent < total && performance.now() >= beganMs + sent * everyMs) {
      const wire = free.pop();
      if (wire === undefined) break;
      if (sent === counted) say('begin');
      sent++;
      produce(wire).catch(fail);
    }
  }
  say('end');
}

function say(event: string): void {
  const { user, system } = process.cpuUsage(cpu);
  const report: DriverReport = {
    elapsedNs: Number(durationMs) * 1e6,
    requests: samples.length,
    errors: 0,
    firstError: 0,
    bytesIn: 0,
    bytesOut: 0,
    cpuMs: (user + system) / 1000,
  };
  process.stdout.write(`${JSON.stringify({ event, ...report })}\n`);
}

function fail(error: unknown): never {
  process.stdout.write(`${String(error)}\n`);
  process.exit(1);
}

await Promise.all([consume(), send()]).catch(fail);
writeFileSync(latencies, new Uint8Array(Uint32Array.from(samples, (us) => Math.max(1, us)).buffer));
say('done');
for (const wire of [...producers, consumer]) wire.close();
