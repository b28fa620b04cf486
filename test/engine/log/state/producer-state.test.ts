import { describe, expect, test } from 'vitest';
import { EngineError } from '../../../../engine/errors.js';
import { lastSequenceOf, type ProducerSnapshot } from '../../../../engine/log/state/producer.js';
import { ProducerStates } from '../../../../engine/log/state/producer-state.js';

const ID = 7;
const NONE = new Map();
const WRAP = 2 ** 31;

/**
 * A producer whose batches of one record follow one another from sequence `first` on, at offsets
 * from 0 on.
 */
function producerOf(count: number, first = 0, epoch = 0): ProducerStates {
  const states = new ProducerStates();
  for (let at = 0; at < count; at++) add(states, (first + at) % WRAP, at, epoch);
  return states;
}

function add(states: ProducerStates, sequence: number, offset: number, epoch = 0): void {
  states.add(ID, {
    epoch,
    baseSequence: sequence,
    lastSequence: sequence,
    baseOffset: offset,
    lastOffset: offset,
    timestampMs: 1000 + offset,
  });
}

/** All producers, as of `endOffset`. */
function snapshotOf(states: ProducerStates, endOffset: number): ProducerSnapshot {
  const all = states.pages.all().flatMap(({ producers }) => producers);
  return all.map((producer) => [producer.id, producer.stateAt(endOffset, undefined)]);
}

function restored(snapshot: ProducerSnapshot): ProducerStates {
  const states = new ProducerStates();
  states.restore(snapshot);
  return states;
}

/** 'new', the offset of the original, or the code of the refusal. */
function judge(states: ProducerStates, sequence: number, epoch = 0): string | number {
  try {
    return states.check(ID, epoch, sequence, sequence)?.baseOffset ?? 'new';
  } catch (error) {
    if (error instanceof EngineError) return error.code;
    throw error;
  }
}

test('a producer that is not known may begin anywhere (KIP-360)', () => {
  expect(judge(new ProducerStates(), 12_345, 3)).toBe('new');
});

test('of two states of one producer the one that has written last counts, whatever the clock said', () => {
  const at = (sequence: number, offset: number, timestampMs: number): ProducerSnapshot => {
    const states = new ProducerStates();
    const offsets = { baseOffset: offset, lastOffset: offset, timestampMs };
    states.add(ID, { epoch: 0, baseSequence: sequence, lastSequence: sequence, ...offsets });
    return snapshotOf(states, offset + 1);
  };
  const before = at(41, 100, 9_000_000);
  const after = at(0, 700, 5_000_000);
  for (const pages of [
    [before, after],
    [after, before],
  ]) {
    const states = new ProducerStates();
    for (const page of pages) states.restorePage(page);
    expect(judge(states, 1)).toBe('new');
    expect(judge(states, 42)).toBe('OUT_OF_ORDER_SEQUENCE');
  }
});

test('the next sequence is new, a gap is refused', () => {
  const states = producerOf(3);
  expect(judge(states, 3)).toBe('new');
  expect(judge(states, 4)).toBe('OUT_OF_ORDER_SEQUENCE');
});

test('each of the last five batches is known, an older one is refused as out of order', () => {
  const states = producerOf(8);
  expect([3, 4, 5, 6, 7].map((sequence) => judge(states, sequence))).toEqual([3, 4, 5, 6, 7]);
  expect(judge(states, 2)).toBe('OUT_OF_ORDER_SEQUENCE');
});

test('a batch that begins like a known one but ends elsewhere is no duplicate', () => {
  const states = producerOf(3);
  expect(() => states.check(ID, 0, 1, 2)).toThrow(
    expect.objectContaining({ code: 'OUT_OF_ORDER_SEQUENCE' }),
  );
});

describe('epochs', () => {
  test('a newer one begins at sequence 0', () => {
    const states = producerOf(3);
    expect(judge(states, 0, 1)).toBe('new');
    expect(judge(states, 3, 1)).toBe('OUT_OF_ORDER_SEQUENCE');
  });

  test('an older one is stale, whatever its sequence', () => {
    const states = producerOf(3, 0, 5);
    expect(judge(states, 0, 4)).toBe('STALE_PRODUCER_EPOCH');
    expect(judge(states, 3, 4)).toBe('STALE_PRODUCER_EPOCH');
  });

  test('batches of an older one are no duplicates of a newer', () => {
    const states = producerOf(3);
    add(states, 0, 3, 1);
    expect(judge(states, 0, 1)).toBe(3);
    expect(judge(states, 1, 1)).toBe('new');
    expect(judge(states, 2, 1)).toBe('OUT_OF_ORDER_SEQUENCE');
  });
});

describe('sequences wrap from 2^31 - 1 to 0', () => {
  test('between batches', () => {
    const states = producerOf(1, WRAP - 1);
    expect(judge(states, 0)).toBe('new');
    expect(judge(states, 1)).toBe('OUT_OF_ORDER_SEQUENCE');
  });

  test('within a batch', () => {
    expect(lastSequenceOf(WRAP - 2, 3)).toBe(0);
    expect(lastSequenceOf(WRAP - 2, 2)).toBe(WRAP - 1);
    expect(lastSequenceOf(0, WRAP)).toBe(WRAP - 1);
  });

  test('for duplicates too', () => {
    const states = producerOf(7, WRAP - 3);
    expect(judge(states, WRAP - 1)).toBe(2);
    expect(judge(states, WRAP - 2)).toBe('OUT_OF_ORDER_SEQUENCE');
    expect(judge(states, 2)).toBe(5);
    expect(judge(states, 4)).toBe('new');
  });
});

test('after five batches were lost, the five before them count again', () => {
  const states = producerOf(10);
  states.truncateEnd(5, NONE);
  expect([0, 1, 2, 3, 4].map((sequence) => judge(states, sequence))).toEqual([0, 1, 2, 3, 4]);
  expect(judge(states, 5)).toBe('new');
});

test('a snapshot of a moment when five batches were not yet written has the five before them', () => {
  const states = restored(snapshotOf(producerOf(10), 5));
  expect([0, 1, 2, 3, 4].map((sequence) => judge(states, sequence))).toEqual([0, 1, 2, 3, 4]);
  expect(judge(states, 5)).toBe('new');
});

describe('a producer of which nothing is left', () => {
  test('sends again what was the first to go', () => {
    const states = producerOf(8, 100, 4);
    states.truncateEnd(0, NONE);
    expect([99, 101, 107, 108].map((sequence) => judge(states, sequence, 4))).toEqual(
      Array(4).fill('OUT_OF_ORDER_SEQUENCE'),
    );
    expect(judge(states, 100, 3)).toBe('STALE_PRODUCER_EPOCH');
    expect(judge(states, 0, 5)).toBe('new');
    expect(judge(states, 100, 4)).toBe('new');
  });

  test('sends the batch that is named, where more went than are remembered', () => {
    const states = producerOf(30);
    states.truncateEnd(3, new Map([[ID, { epoch: 0, sequence: 3 }]]));
    expect([2, 4, 20, 30].map((sequence) => judge(states, sequence))).toEqual(
      Array(4).fill('OUT_OF_ORDER_SEQUENCE'),
    );
    expect(judge(states, 3)).toBe('new');
  });

  test('is found so in a snapshot', () => {
    const states = restored(snapshotOf(producerOf(8), 0));
    expect(judge(states, 1)).toBe('OUT_OF_ORDER_SEQUENCE');
    expect(judge(states, 0)).toBe('new');
  });

  test('goes on from its newest batch once it has sent one', () => {
    const states = producerOf(3);
    states.truncateEnd(0, NONE);
    add(states, 0, 0);
    expect([judge(states, 0), judge(states, 1), judge(states, 2)]).toEqual([
      0,
      'new',
      'OUT_OF_ORDER_SEQUENCE',
    ]);
  });
});

describe('batches that were noted and not written', () => {
  test('are taken back to the first of them, however many there are', () => {
    const states = producerOf(30);
    for (let at = 12; at < 30; at++) states.takeBack(ID, { epoch: 0, sequence: at }, 12);
    expect([11, 13, 20, 30].map((sequence) => judge(states, sequence))).toEqual(
      Array(4).fill('OUT_OF_ORDER_SEQUENCE'),
    );
    expect(judge(states, 12)).toBe('new');
  });

  test('take an epoch back that began with them', () => {
    const states = producerOf(3);
    add(states, 0, 3, 1);
    states.takeBack(ID, { epoch: 1, sequence: 0 }, 3);
    expect([judge(states, 3), judge(states, 0, 1), judge(states, 1, 1)]).toEqual([
      'new',
      'new',
      'OUT_OF_ORDER_SEQUENCE',
    ]);
  });
});

test('of a producer that is not known, the batch that was refused is expected', () => {
  const states = new ProducerStates();
  states.expect(ID, { epoch: 2, sequence: 7 }, 1000);
  states.expect(ID, { epoch: 2, sequence: 8 }, 1000);
  expect([6, 8, 12].map((sequence) => judge(states, sequence, 2))).toEqual(
    Array(3).fill('OUT_OF_ORDER_SEQUENCE'),
  );
  expect([judge(states, 7, 2), judge(states, 0, 3)]).toEqual(['new', 'new']);
  expect([...states.known()]).toEqual([]);
  states.expire(1001);
  expect(judge(states, 12, 2)).toBe('new');
});

test('batches that recovery reads again are not noted twice', () => {
  const states = producerOf(3);
  add(states, 1, 1);
  expect(snapshotOf(states, 99)).toEqual(snapshotOf(producerOf(3), 99));
});

test('a producer is forgotten when its newest batch is older than the limit', () => {
  const states = producerOf(3);
  states.expire(1002);
  expect(states.count).toBe(1);
  states.expire(1003);
  expect(states.count).toBe(0);
});

describe('beyond the bound', () => {
  function heard(states: ProducerStates, id: number, heardMs: number): void {
    states.expect(id, { epoch: 0, sequence: 0 }, heardMs);
  }
  function isKnown(states: ProducerStates, id: number): boolean {
    try {
      states.check(id, 0, 5, 5);
      return false;
    } catch {
      return true;
    }
  }

  test('a new producer takes the place of the one that was silent for longest', () => {
    const states = new ProducerStates(100);
    for (let id = 0; id < 100; id++) heard(states, id, id === 60 ? 1 : 1000 + id);
    heard(states, 100, 2000);
    expect(states.count).toBe(100);
    expect(isKnown(states, 60)).toBe(false);
    heard(states, 101, 2000);
    expect(isKnown(states, 0)).toBe(false);
    expect([1, 59, 61, 99, 100, 101].every((id) => isKnown(states, id))).toBe(true);
  });

  test('places that became free are used again', () => {
    const states = new ProducerStates(100);
    for (let id = 0; id < 1_000; id++) heard(states, id, id);
    expect([states.count, states.pages.count]).toEqual([100, 4]);
    states.expire(2_000);
    for (let id = 0; id < 100; id++) heard(states, id, 3_000);
    expect([states.count, states.pages.count]).toEqual([100, 4]);
    for (const { producers } of states.pages.all())
      expect(producers.length).toBeLessThanOrEqual(32);
  });
});
