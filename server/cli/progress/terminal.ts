import { fstatSync } from 'node:fs';
import { type Clock, systemClock } from '../../../engine/index.js';

/** Signals by which a command is ended. */
const ENDING = ['SIGINT', 'SIGTERM'] as const;

/** Events after which the process tells what went wrong, and ends. */
const DEFECTS = ['uncaughtExceptionMonitor', 'unhandledRejection'] as const;

/** What a bar is drawn on, and when. */
export interface ProgressTerminal {
  /** Whether anybody looks: without a terminal nothing is written. */
  readonly isTerminal: boolean;
  /** Whether it takes no control characters: then whole lines are written, and rarely. */
  readonly isDumb: boolean;
  /** Whether what the command prints to stdout stands on the same screen. */
  readonly sharesStdout: boolean;
  readonly clock: Clock;
  /** Characters of a line, as of now. */
  width(): number;
  write(text: string): void;
  /** Calls `run` when the process is told to end, or ends; returns what takes that back. */
  onEnd(run: () => void): () => void;
}

export interface StderrOptions {
  /** Whether others use the screen: nothing is written then. Default: false. */
  readonly isScreenTaken?: boolean;
}

/** Stderr, with the clock and the signals of the process. */
export function stderrTerminal({ isScreenTaken = false }: StderrOptions = {}): ProgressTerminal {
  const { stderr, stdout, env } = process;
  return {
    isTerminal: stderr.isTTY === true && !isScreenTaken,
    isDumb: env.TERM === 'dumb',
    sharesStdout: stdout.isTTY === true,
    clock: systemClock,
    width: () => stderr.columns || 80,
    write: (text) => void stderr.write(text),
    onEnd: onProcessEnd,
  };
}

/** Whether another program reads what is printed: it may be `less`, to which the screen belongs. */
export function isStdoutPiped(): boolean {
  const stdout = fstatSync(1);
  return stdout.isFIFO() || stdout.isSocket();
}

/**
 * A signal ends the process after `run` as it would have without. Where the command has a listener
 * of its own it goes on for now, and so does the bar.
 */
function onProcessEnd(run: () => void): () => void {
  const onSignal = (signal: NodeJS.Signals): void => {
    if (process.listenerCount(signal) > 1) return;
    stop();
    run();
    process.kill(process.pid, signal);
  };
  const stop = (): void => {
    for (const signal of ENDING) process.removeListener(signal, onSignal);
    for (const event of ['exit', ...DEFECTS]) process.removeListener(event, run);
  };
  for (const signal of ENDING) process.on(signal, onSignal);
  process.on('exit', run);
  // Those of the command write, so this one comes before them.
  for (const event of DEFECTS) process.prependListener(event as 'exit', run);
  return stop;
}
