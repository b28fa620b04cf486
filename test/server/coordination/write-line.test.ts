import { expect, test } from 'vitest';
import type { Appended } from '../../../engine/index.js';
import { WriteLine } from '../../../server/coordination/write-line.js';
import { OverdueAppend } from '../../../server/partition/leader.js';
import { turns } from '../../support/memory-broker.js';

const APPENDED: Appended = {
  baseOffset: 0,
  lastOffset: 0,
  appendTimeMs: -1,
  logStartOffset: 0,
  duplicate: false,
};

/** A promise that a test settles. */
function deferred<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((...settle) => {
    [resolve, reject] = settle;
  });
  return { promise, resolve, reject };
}

/** A line, and writes of it whose steps end when the test says so; `seen` has all in order. */
function testLine() {
  const seen: string[] = [];
  const line = new WriteLine(() => void seen.push('empty'));
  const begin = (name: string) => {
    const place = deferred<void>();
    const append = deferred<Appended>();
    append.promise.catch(() => {});
    const answer = line.begin({
      place: async () => {
        seen.push(`${name} placing`);
        await place.promise;
        return [append.promise];
      },
      onWritten: () => seen.push(`${name} written`),
      onOver: () => seen.push(`${name} over`),
    });
    answer.then(
      () => seen.push(`${name} answered`),
      (error: Error) => seen.push(`${name} ${error.message}`),
    );
    return { place, append };
  };
  return { line, seen, begin };
}

test('writes have their places one after another, and count one after another', async () => {
  const { seen, begin } = testLine();
  const [one, two] = [begin('one'), begin('two')];
  two.place.resolve();
  two.append.resolve(APPENDED);
  await turns();
  expect(seen.splice(0)).toEqual(['one placing']);
  one.place.resolve();
  await turns();
  expect(seen.splice(0)).toEqual(['two placing']);
  one.append.resolve(APPENDED);
  await turns();
  const order = ['one written', 'one over', 'one answered', 'two written', 'two over', 'empty'];
  expect(seen.filter((each) => each !== 'two answered').sort()).toEqual(order.sort());
  expect(seen.indexOf('one written')).toBeLessThan(seen.indexOf('two written'));
});

test('one that fails is answered at once, and makes room for the next', async () => {
  const { seen, begin } = testLine();
  const [one, two, three] = [begin('one'), begin('two'), begin('three')];
  one.place.reject(new Error('no place'));
  two.place.resolve();
  two.append.reject(new Error('refused'));
  three.place.resolve();
  three.append.resolve(APPENDED);
  await turns();
  expect(seen.filter((each) => !each.endsWith('placing')).sort()).toEqual(
    ['one no place', 'one over', 'two refused', 'two over', 'three written', 'three over']
      .concat('three answered', 'empty')
      .sort(),
  );
});

test('one that is overdue is answered, and counts in its turn if it does after all', async () => {
  const { line, seen, begin } = testLine();
  const [one, two] = [begin('one'), begin('two')];
  const known = deferred<Appended>();
  one.place.resolve();
  two.place.resolve();
  one.append.reject(new OverdueAppend(() => known.promise));
  two.append.resolve(APPENDED);
  await turns();
  expect(seen.splice(0)).toEqual([
    'one placing',
    'two placing',
    'one not all in-sync replicas have the records yet',
  ]);
  expect(line.isOpen).toBe(true);
  const answered = line.answered().then(() => seen.push('all answered'));
  known.resolve(APPENDED);
  await answered;
  expect(seen.filter((each) => each.endsWith('written'))).toEqual(['one written', 'two written']);
});

test('after its end a write is over, and nothing is written any more', async () => {
  const { line, seen, begin } = testLine();
  const one = begin('one');
  one.place.resolve();
  await turns();
  for (const write of line.writes) write.end(new Error('ended'));
  expect(seen.splice(0)).toEqual(['one placing', 'one over']);
  one.append.resolve(APPENDED);
  await turns();
  expect(seen).toEqual(['one ended', 'empty']);
});
