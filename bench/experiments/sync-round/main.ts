/**
 * What it costs to make one round of appends durable, by every way that there is: `node
 * dist/bench/experiments/sync-round/main.js FOLDER [--files 1,16] [--bytes 1024] [--ways A;B] [--ms
 * 150] [--slices 3] [--after BYTES] [--beside]`
 *
 * Slices of all ways are interleaved. `--beside` has another process write 50 MB/s to the same file
 * system. Prints a table.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startChild, stopChild } from '../../lib/children.js';
import { programPath } from '../../lib/paths.js';
import type { SliceAnswer, SliceTask } from './slice.js';
import { WAYS } from './ways.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    files: { type: 'string', default: '1,4,16,64,80,256' },
    bytes: { type: 'string', default: '1024' },
    ways: { type: 'string', default: Object.keys(WAYS).join(';') },
    ms: { type: 'string', default: '150' },
    slices: { type: 'string', default: '3' },
    after: { type: 'string', default: '0' },
    beside: { type: 'boolean', default: false },
  },
});

const folder = resolve(positionals[0] ?? '.');
mkdirSync(folder, { recursive: true });
const ways = values.ways.split(';');
const counts = values.files.split(',').map(Number);

function slices(tasks: readonly SliceTask[], threads: number): SliceAnswer[] {
  const text = execFileSync(
    process.execPath,
    [programPath('sync-round/slice'), JSON.stringify(tasks)],
    {
      env: { ...process.env, UV_THREADPOOL_SIZE: String(threads) },
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as SliceAnswer);
}

const at = (sorted: readonly number[], part: number): string =>
  sorted.length === 0
    ? '-'
    : sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!.toFixed(2);

function row(way: string, files: number, answers: readonly SliceAnswer[]): string {
  const merge = (of: (answer: SliceAnswer) => readonly number[]): number[] =>
    answers.flatMap(of).sort((a, b) => a - b);
  const rounds = merge((answer) => answer.roundMs);
  const beside = merge((answer) => answer.besideSyncMs);
  const sum = (of: (answer: SliceAnswer) => number): number =>
    answers.reduce((total, answer) => total + of(answer), 0);
  const perRound = (of: (answer: SliceAnswer) => number): number => sum(of) / rounds.length;
  const cells = [
    way,
    files,
    rounds.length,
    at(rounds, 0.5),
    at(rounds, 0.99),
    at(rounds, 1),
    perRound((answer) => answer.writtenBytes / 1024).toFixed(0),
    perRound((answer) => answer.writes).toFixed(1),
    perRound((answer) => answer.flushes).toFixed(1),
    perRound((answer) => answer.cpuMs * 1000).toFixed(0),
  ];
  if (Number(values.after) > 0) {
    cells.push(
      at(beside, 0.5),
      at(beside, 0.99),
      at(
        merge((answer) => answer.backgroundMs),
        0.5,
      ),
      merge((answer) => answer.backgroundMs).length,
    );
  }
  return `| ${cells.join(' | ')} |\n`;
}

const other = values.beside
  ? await startChild([process.execPath, programPath('sync-round/writer'), folder])
  : null;
const found = new Map<string, SliceAnswer[]>();
const pools = [...new Set(ways.map((way) => WAYS[way]!.threads))];
for (let slice = 0; slice < Number(values.slices); slice++) {
  for (const threads of slice % 2 === 0 ? pools : pools.toReversed()) {
    const tasks = counts.flatMap((files) =>
      ways
        .filter((way) => WAYS[way]!.threads === threads)
        .map((way) => ({
          way,
          folder,
          files,
          bytes: Number(values.bytes),
          durationMs: Number(values.ms),
          syncAfterBytes: Number(values.after),
        })),
    );
    for (const answer of slices(slice % 2 === 0 ? tasks : tasks.toReversed(), threads)) {
      const key = `${answer.task.way} ${answer.task.files}`;
      found.set(key, [...(found.get(key) ?? []), answer]);
    }
  }
}
if (other) await stopChild(other);

process.stdout.write(
  '| way | files | rounds | p50 ms | p99 ms | max ms | KB written | writes | flushes | CPU µs |',
);
process.stdout.write(
  Number(values.after) > 0 ? ' p50 beside sync | p99 beside sync | sync ms | syncs |\n' : '\n',
);
for (const files of counts) {
  for (const way of ways) process.stdout.write(row(way, files, found.get(`${way} ${files}`) ?? []));
}
