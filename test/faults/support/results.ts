import { execFileSync, fork } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { cutPower, measureLosses } from '../cuts.js';
import type { FlipOutcome } from '../flips.js';
import { killBrokers } from '../kills.js';
import { canTrace } from './broker-process.js';

const RESULTS = resolve('docs/soak/faults.jsonl');

export const KINDS = ['kills', 'cuts', 'flips', 'losses'] as const;
export type FaultKind = (typeof KINDS)[number];

/** What a soak comes to in all, and how much of it one line of the results tells. */
const WANTED: Record<FaultKind, { readonly rounds: number; readonly perLine: number }> = {
  kills: { rounds: 500, perLine: 25 },
  cuts: { rounds: 50, perLine: 5 },
  flips: { rounds: 10_000, perLine: 250 },
  losses: { rounds: 20, perLine: 10 },
};

interface Line {
  readonly kind: FaultKind;
  readonly seed: number;
  readonly rounds: number;
  readonly wrong: readonly string[];
}

/** What was noted of a kind so far. Lines that name something wrong do not count. */
function soFar(kind: FaultKind): { lines: Line[]; wrong: number; rounds: number } {
  const lines = noted().filter((line) => line.kind === kind);
  const sound = lines.filter(({ wrong }) => wrong.length === 0);
  const rounds = sound.reduce((sum, line) => sum + line.rounds, 0);
  return { lines, wrong: lines.length - sound.length, rounds };
}

/** How many rounds count, in words. */
export function statusOf(kind: FaultKind): string {
  const { rounds, wrong } = soFar(kind);
  const others = wrong === 0 ? '' : `; ${wrong} lines with something wrong do not count`;
  return `${kind}: ${rounds} of ${WANTED[kind].rounds} rounds${others}`;
}

/**
 * Runs rounds of one kind and prints a line for each piece of them, which is noted if asked.
 * Whether nothing went wrong.
 */
export async function runAndNote(
  kind: FaultKind,
  options: {
    readonly count: number | undefined;
    readonly seed: number | undefined;
    readonly isNoted: boolean;
  },
): Promise<boolean> {
  const { lines, rounds: done } = soFar(kind);
  const { isNoted } = options;
  const { rounds: wanted, perLine } = WANTED[kind];
  let left = options.count ?? (isNoted ? Math.max(0, wanted - done) : perLine);
  let seed = options.seed ?? 1 + Math.max(0, ...lines.map((line) => line.seed));
  let isSound = true;
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  while (left > 0) {
    const rounds = Math.min(left, perLine);
    const began = Date.now();
    const outcome = await run(kind, seed, rounds);
    const seconds = Math.round((Date.now() - began) / 1000);
    const line = { kind, seed, commit, rounds, seconds, ...outcome };
    if (isNoted) {
      mkdirSync(resolve('docs/soak'), { recursive: true });
      appendFileSync(RESULTS, `${JSON.stringify(line)}\n`);
    }
    process.stdout.write(`${JSON.stringify(line)}\n`);
    if (line.wrong.length > 0) isSound = false;
    left -= rounds;
    seed += 1;
  }
  return isSound;
}

async function run(kind: FaultKind, seed: number, rounds: number) {
  if (kind === 'kills') return killBrokers(seed, rounds, { traces: await canTrace() });
  if (kind === 'cuts') return cutPower(seed, rounds);
  if (kind === 'flips') return flip(seed, rounds);
  const losses: Record<string, unknown> = {};
  for (const [name, settings] of Object.entries(PROMISES)) {
    losses[name] = await measureLosses(seed, rounds, settings);
  }
  return { losses, wrong: [] };
}

/** Those that promise less than `ack`. */
const PROMISES = {
  os: { 'odradek.flush': 'os' },
  interval: { 'odradek.flush': 'interval', 'log.flush.interval.ms': '1000' },
};

/** Flips in processes of their own; one that ends its process is noted, and passed over. */
async function flip(seed: number, rounds: number) {
  const sum = { refusedStart: 0, refusedPartitions: 0, untold: 0, harmless: 0 };
  const wrong: string[] = [];
  let next = 0;
  while (next < rounds) {
    const ended = await flipsOfChild(seed, next, rounds - next, (outcome) => {
      sum.refusedStart += outcome.refusedStart ? 1 : 0;
      sum.refusedPartitions += outcome.refusedPartitions;
      sum.untold += outcome.untold;
      const { wrong: lines, refusedStart, refusedPartitions, untold } = outcome;
      if (lines.length === 0 && !refusedStart && refusedPartitions + untold === 0)
        sum.harmless += 1;
      for (const line of lines) wrong.push(`${outcome.index} ${outcome.what}: ${line}`);
    });
    if (ended.by !== null) wrong.push(`${ended.at}: the process ended with ${ended.by}`);
    next = ended.at + 1;
  }
  return { ...sum, wrong };
}

function flipsOfChild(
  seed: number,
  from: number,
  count: number,
  take: (outcome: FlipOutcome) => void,
): Promise<{ readonly at: number; readonly by: string | null }> {
  const args = [seed, from, count].map(String);
  const child = fork(new URL('../child.js', import.meta.url), args, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  let at = from;
  child.on('message', (message: FlipOutcome | { readonly begins: number }) => {
    if ('begins' in message) at = message.begins;
    else take(message);
  });
  return new Promise((settle) => {
    child.on('exit', (code, signal) => {
      settle({ at, by: code === 0 ? null : (signal ?? `code ${code}`) });
    });
  });
}

function noted(): Line[] {
  if (!existsSync(RESULTS)) return [];
  const lines = readFileSync(RESULTS, 'utf8').trimEnd().split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Line);
}
