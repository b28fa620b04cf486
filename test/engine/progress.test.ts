import { expect, test } from 'vitest';
import { ManualClock } from '../../engine/index.js';
import { ProgressTeller } from '../../engine/progress.js';

function teller(tell: ((amount: number) => unknown) | null) {
  const clock = new ManualClock();
  const warnings: object[] = [];
  const logger = { info: () => {}, warn: (fields: object) => void warnings.push(fields) };
  const made = new ProgressTeller(tell, clock, { ...logger, error: () => {} });
  made.begin();
  return { clock, warnings, teller: made };
}

test('what is done within 100 ms is not told, not even its end', () => {
  const told: number[] = [];
  const { clock, teller: made } = teller((amount) => told.push(amount));
  clock.advance(99);
  made.step(() => 1);
  made.end(() => 2);
  expect(told).toEqual([]);
});

test('of longer work a step is told at most every 100 ms, and its end always', () => {
  const told: number[] = [];
  const { clock, teller: made } = teller((amount) => told.push(amount));
  for (let step = 1; step <= 30; step++) {
    clock.advance(10);
    made.step(() => step);
  }
  made.end(() => 31);
  expect(told).toEqual([10, 20, 30, 31]);
});

test('an amount that nobody is told of is not made', () => {
  const { clock, teller: made } = teller(null);
  clock.advance(1000);
  made.step(() => expect.unreachable());
  made.end(() => expect.unreachable());
});

test.each(['throws', 'rejects'])(
  'a callback that %s is a warning, and is not called again',
  async (how) => {
    let calls = 0;
    const tell = (): unknown => {
      calls += 1;
      const error = new Error('of the program');
      if (how === 'throws') throw error;
      return Promise.reject(error);
    };
    const { clock, warnings, teller: made } = teller(tell);
    clock.advance(100);
    made.step(() => 1);
    await Promise.resolve();
    clock.advance(100);
    made.step(() => 2);
    made.end(() => 3);
    expect(calls).toBe(1);
    expect(warnings).toEqual([{ error: new Error('of the program') }]);
  },
);
