import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { type FlushPromise, openEngine } from '../../../engine/index.js';
import { readValues } from '../../support/batches.js';
import { openLog, partition } from '../../support/sim-engine.js';

const PROGRAM = fileURLToPath(new URL('./appender.mjs', import.meta.url));
const PARTITIONS = 4;

/** What the appender said: per partition, the number of the batch at each acknowledged offset. */
export type Acknowledged = Map<number, Map<number, string>>;

/** A process that appends as fast as it can, and tells of each acknowledgement. */
export interface Appender {
  readonly child: ChildProcess;
  /** Resolves when `count` acknowledgements have come; rejects when the process ends before. */
  reached(count: number): Promise<void>;
  /** Ends the process with SIGKILL; resolves when all its output was read. */
  kill(): Promise<void>;
}

/**
 * Starts it on `directory`. What it says is added to `acknowledged`. Numbers from `firstNumber` on
 * tell its batches apart.
 */
export function startAppender(
  directory: string,
  options: { flush: FlushPromise; seed: number; firstNumber: number },
  acknowledged: Acknowledged,
): Appender {
  const { flush, seed, firstNumber } = options;
  const child = spawn(process.execPath, [PROGRAM, directory, flush, `${seed}`, `${firstNumber}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  let count = 0;
  let wanted = Number.POSITIVE_INFINITY;
  let enough = (): void => {};
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    const words = line.split(' ').map(Number);
    // A process that is killed while it writes leaves half a line.
    if (words.length !== 4) return;
    const [number, baseOffset, records, mine] = words as [number, number, number, number];
    const offsets = acknowledged.get(number) ?? new Map<number, string>();
    acknowledged.set(number, offsets);
    for (let at = 0; at < records; at++) offsets.set(baseOffset + at, `${number}/${mine}/${at}/`);
    if (++count >= wanted) enough();
  });
  const ended = once(child, 'close');
  return {
    child,
    reached: (target) =>
      new Promise((resolve, reject) => {
        wanted = target;
        enough = resolve;
        if (count >= target) resolve();
        ended.then(
          () => reject(new Error(`the appender ended after ${count} acknowledgements: ${errors}`)),
          reject,
        );
      }),
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/**
 * Opens the directory and compares: offsets without a gap, and every record one that the appender
 * sent. Returns how many records there were, at how many acknowledged offsets the acknowledged one
 * was not, and the epoch.
 */
export async function verifyDirectory(
  directory: string,
  flush: FlushPromise,
  acknowledged: Acknowledged,
): Promise<{ records: number; lost: number; leaderEpoch: number }> {
  const engine = await openEngine(directory);
  let records = 0;
  let lost = 0;
  for (let number = 0; number < PARTITIONS; number++) {
    const log = await openLog(engine, { flush, segmentBytes: 64 * 1024 }, partition(number));
    const values = await readValues(log);
    expect([...values.keys()]).toEqual(Array.from({ length: log.logEndOffset }, (_, at) => at));
    const strangers = [...values.values()].filter(
      (value) => !new RegExp(`^${number}/\\d+/\\d/x*$`).test(value),
    );
    expect(strangers).toEqual([]);
    for (const [offset, start] of acknowledged.get(number) ?? []) {
      if (!values.get(offset)?.startsWith(start)) lost++;
    }
    records += values.size;
  }
  const { leaderEpoch } = engine;
  await engine.close();
  return { records, lost, leaderEpoch };
}
