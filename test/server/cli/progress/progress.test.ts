import { expect, test } from 'vitest';
import { ManualClock } from '../../../../engine/index.js';
import { type Progress, withProgress } from '../../../../server/cli/progress/progress.js';
import type { ProgressTerminal } from '../../../../server/cli/progress/terminal.js';

const ERASE = '\r\x1b[K';

/** A terminal that keeps what is written, and work that goes on until it is told to end. */
function screen(options: Partial<ProgressTerminal> = {}) {
  const clock = new ManualClock();
  const written: string[] = [];
  let end: (() => void) | null = null;
  const terminal: ProgressTerminal = {
    isTerminal: true,
    isDumb: false,
    sharesStdout: false,
    clock,
    width: () => 64,
    write: (text) => void written.push(text),
    onEnd: (run) => {
      end = run;
      return () => {
        end = null;
      };
    },
    ...options,
  };
  let shown!: Progress;
  let finish!: () => void;
  let fail!: (error: Error) => void;
  const result = withProgress(
    'Reading',
    (progress) => {
      shown = progress;
      return new Promise<void>((resolve, reject) => {
        finish = resolve;
        fail = reject;
      });
    },
    terminal,
  );
  return {
    clock,
    written,
    progress: shown,
    result,
    finish,
    fail,
    signal: () => end?.(),
    watchesEnd: () => end !== null,
  };
}

const five = { done: 5, total: 10, unit: 'logs' };

test('work under two seconds writes nothing', async () => {
  const { clock, written, progress, result, finish } = screen();
  progress.report(five);
  clock.advance(1999);
  finish();
  await result;
  clock.advance(60_000);
  expect(written).toEqual([]);
});

test('longer work is drawn five times a second, and leaves a clean line', async () => {
  const { clock, written, progress, result, finish, watchesEnd } = screen();
  progress.report(five);
  clock.advance(2000);
  expect(written).toEqual([`${ERASE}Reading  [#####.....]   50%  5 of 10 logs  3/s  2 s left`]);
  progress.report({ ...five, done: 9 });
  progress.says('Almost');
  clock.advance(1000);
  expect(written.length).toBe(6);
  expect(written.at(-1)).toMatch(/Almost .* 90% {2}9 of 10 logs/);
  expect(watchesEnd()).toBe(true);
  finish();
  await result;
  expect(written.at(-1)).toBe(ERASE);
  clock.advance(60_000);
  expect(written.length).toBe(7);
  expect(watchesEnd()).toBe(false);
});

test('a failure is passed on, behind a clean line', async () => {
  const { clock, written, progress, result, fail } = screen();
  progress.report(five);
  clock.advance(2000);
  fail(new Error('bad'));
  await expect(result).rejects.toThrow('bad');
  expect(written.at(-1)).toBe(ERASE);
});

test('where nothing is known yet nothing is drawn', async () => {
  const { clock, written, result, finish } = screen();
  clock.advance(10_000);
  finish();
  await result;
  expect(written).toEqual([]);
});

test('where stderr is no terminal nothing is written', async () => {
  const { clock, written, progress, result, finish } = screen({ isTerminal: false });
  progress.report(five);
  progress.clear();
  clock.advance(10_000);
  finish();
  await result;
  expect(written).toEqual([]);
});

test('the end of the process leaves the last state, once, and the next text begins a line', () => {
  const { clock, written, progress, signal } = screen();
  progress.report(five);
  clock.advance(2000);
  progress.report({ ...five, done: 8 });
  signal();
  signal();
  expect(written.length).toBe(3);
  expect(written[1]).toMatch(/ 80% {2}8 of 10 logs/);
  expect(written[2]).toBe('\n');
  clock.advance(10_000);
  expect(written.length).toBe(3);
});

test('others write in the place of the bar, which is drawn again below', () => {
  const { clock, written, progress } = screen({ sharesStdout: true });
  progress.clear();
  expect(written).toEqual([]);
  progress.report(five);
  clock.advance(2000);
  progress.clear();
  progress.clearForStdout();
  expect(written.slice(1)).toEqual([ERASE]);
  clock.advance(200);
  expect(written.length).toBe(3);
  progress.clearForStdout();
  expect(written.at(-1)).toBe(ERASE);
});

test('what goes to a file of its own needs no room on the terminal', () => {
  const { clock, written, progress } = screen();
  progress.report(five);
  clock.advance(2000);
  progress.clearForStdout();
  expect(written.length).toBe(1);
});

test('a dumb terminal gets a line every ten seconds, without control characters', async () => {
  const { clock, written, progress, result, finish } = screen({ isDumb: true });
  progress.report(five);
  clock.advance(22_000);
  finish();
  await result;
  expect(written.length).toBe(3);
  for (const line of written) expect(line).toMatch(/^[\x20-\x7e]+\n$/);
});
