import { expect, test } from 'vitest';
import { Gate } from '../../engine/gate.js';

test('two at a time, in the order of arrival, and a failure gives its place back', async () => {
  const gate = new Gate(2);
  const begun: number[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const results = [0, 1, 2, 3].map((at) =>
    gate.run(async () => {
      begun.push(at);
      await new Promise<void>((resolve, reject) => {
        ends[at] = (error) => (error ? reject(error) : resolve());
      });
      return at;
    }),
  );
  expect(begun).toEqual([0, 1]);
  ends[1]!(new Error('one fails'));
  await expect(results[1]).rejects.toThrow('one fails');
  expect(begun).toEqual([0, 1, 2]);
  ends[0]!();
  expect(await results[0]).toBe(0);
  expect(begun).toEqual([0, 1, 2, 3]);
  ends[2]!();
  ends[3]!();
  expect(await Promise.all([results[2], results[3]])).toEqual([2, 3]);
});
