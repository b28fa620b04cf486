import { fork } from 'node:child_process';
import type { ChildMessage } from '../child.js';
import type { Finding } from './run-target.js';

export interface RangeOfTarget {
  readonly target: string;
  readonly seed: number;
  readonly from: number;
  readonly count: number;
}

export interface RangeResult {
  /** Lives that broke something. */
  readonly findings: number;
  /** One of each place. */
  readonly found: readonly Finding[];
  /** How the process ended where it did not do so by itself: a signal, `hang`, or its code. */
  readonly ended: string | null;
  /** The last input that is known to have been begun, or the first of its life. */
  readonly reached: number;
}

/** Memory that a process may take: what grows without bound ends it. */
const HEAP_MIB_MAX = 768;

/** Runs a range in a process of its own, which is killed when it says nothing for `silenceMs`. */
export function runChild(
  range: RangeOfTarget,
  { silenceMs, eachInput = false }: { silenceMs: number; eachInput?: boolean },
): Promise<RangeResult> {
  const { target, seed, from, count } = range;
  const child = fork(
    new URL('../child.js', import.meta.url),
    [target, String(seed), String(from), String(count), ...(eachInput ? ['each'] : [])],
    {
      execArgv: [`--max-old-space-size=${HEAP_MIB_MAX}`],
      env: { ...process.env, ODRADEK_VERIFY: '1' },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    },
  );
  return new Promise((resolve) => {
    const found: Finding[] = [];
    let findings = 0;
    let reached = from;
    let isDone = false;
    let isHung = false;
    const watch = setTimeout(() => {
      isHung = true;
      child.kill('SIGKILL');
    }, silenceMs);
    child.on('message', (message: ChildMessage) => {
      watch.refresh();
      if (message.kind === 'at') reached = message.index;
      else if (message.kind === 'finding') found.push(message);
      else {
        findings = message.findings;
        isDone = true;
      }
    });
    child.on('exit', (code, signal) => {
      clearTimeout(watch);
      const ended = isDone ? null : isHung ? 'hang' : (signal ?? `code ${code}`);
      resolve({ findings: Math.max(findings, found.length), found, ended, reached });
    });
  });
}
