import { expect, test } from 'vitest';
import { ManualClock } from '../../../engine/index.js';
import { Pacer } from '../../../engine/maintenance/pacer.js';

async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

function pacing(bytesPerSecond: number) {
  const clock = new ManualClock();
  const stop = new SharedArrayBuffer(4);
  return { clock, stop, pacer: new Pacer(clock, bytesPerSecond, stop) };
}

test('holds a job to its bytes a second, whatever the size of its steps', async () => {
  const { clock, pacer } = pacing(1000);
  let spent = 0;
  const job = (async () => {
    for (const bytes of [500, 1500, 1, 999]) {
      await pacer.spent(bytes);
      spent += bytes;
    }
  })();
  const seen: number[] = [];
  for (let ms = 0; ms <= 3100; ms += 100) {
    await settled();
    seen.push(spent);
    clock.advance(100);
  }
  await job;
  expect(seen[4]).toBe(0);
  expect(seen[5]).toBe(500);
  expect(seen[19]).toBe(500);
  expect(seen[20]).toBe(2000);
  expect(seen[29]).toBe(2001);
  expect(seen[30]).toBe(3000);
});

test('without a bound nothing waits', async () => {
  const { pacer } = pacing(Number.POSITIVE_INFINITY);
  await pacer.spent(2 ** 40);
});

test('a job that is told to end does, in the middle of a pause as well', async () => {
  const { clock, stop, pacer } = pacing(1);
  const waiting = pacer.spent(1_000_000);
  Atomics.store(new Int32Array(stop), 0, 1);
  const ended = expect(waiting).rejects.toMatchObject({ code: 'ABORTED' });
  clock.advance(100);
  await ended;
  await expect(pacer.spent(0)).rejects.toMatchObject({ code: 'ABORTED' });
});
