/**
 * One slice of appending batches without a socket, in a process of its own: by the engine, or by
 * its floor, which is CRC and a gathered write (`os`) and a sync of as many (`ack`). `engine-append
 * '{"side":"engine",…}'` prints a line of JSON.
 */
import { closeSync, fdatasyncSync, openSync, writevSync } from 'node:fs';
import { join } from 'node:path';
import { crc32c } from '../../engine/batch/crc32c.js';
import { DEFAULT_LOG_SETTINGS, newUuid, openEngine, systemRandom } from '../../engine/index.js';
import { batchOf } from '../lib/frames.js';

export interface AppendTask {
  readonly side: 'engine' | 'floor';
  readonly folder: string;
  readonly batchBytes: number;
  /** Batches under way at a time: what one gathered write, and one sync, carries. */
  readonly waiters: number;
  readonly flush: 'os' | 'ack';
  readonly leadInMs: number;
  readonly durationMs: number;
  readonly bytesMax: number;
}

export interface AppendAnswer {
  readonly batches: number;
  readonly batchBytes: number;
  readonly seconds: number;
  readonly cpuMs: number;
}

const CRC_FROM = 21;

const task = JSON.parse(process.argv[2] ?? '{}') as AppendTask;
const { bytes } = await batchOf({ recordBytes: 1024, batchBytes: task.batchBytes });
// The engine stamps a batch in place, so every one under way is bytes of its own.
const batches = Array.from({ length: task.waiters }, () => Buffer.from(bytes));

/** Appends all batches once and resolves when the promise holds for them. */
async function opened(): Promise<{ round: () => Promise<unknown>; close: () => Promise<void> }> {
  if (task.side === 'engine') {
    const engine = await openEngine(task.folder);
    const name = { topic: 'bench', topicId: newUuid(systemRandom), partition: 0 };
    const log = await engine.openPartition(name, { ...DEFAULT_LOG_SETTINGS, flush: task.flush });
    return {
      round: () => Promise.all(batches.map((batch) => log.append(batch))),
      close: () => engine.close(),
    };
  }
  const file = openSync(join(task.folder, 'floor'), 'w');
  return {
    round: async () => {
      for (const batch of batches) {
        if (crc32c(batch.subarray(CRC_FROM)) !== batch.readUInt32BE(CRC_FROM - 4)) {
          throw new Error('a batch with a wrong CRC');
        }
      }
      writevSync(file, batches);
      if (task.flush === 'ack') fdatasyncSync(file);
    },
    close: async () => closeSync(file),
  };
}

const { round, close } = await opened();
const roundsMax = Math.max(1, Math.floor(task.bytesMax / (bytes.length * task.waiters)));

async function load(durationMs: number): Promise<number> {
  const until = performance.now() + durationMs;
  let rounds = 0;
  for (; rounds < roundsMax && performance.now() < until; rounds++) await round();
  return rounds;
}

await load(task.leadInMs);
const begin = performance.now();
const cpu = process.cpuUsage();
const rounds = await load(task.durationMs);
const { user, system } = process.cpuUsage(cpu);
const answer: AppendAnswer = {
  batches: rounds * task.waiters,
  batchBytes: bytes.length,
  seconds: (performance.now() - begin) / 1e3,
  cpuMs: (user + system) / 1e3,
};
await close();
process.stdout.write(`${JSON.stringify(answer)}\n`);
