import { describe, expect, test } from 'vitest';
import { EngineError } from '../../../engine/errors.js';
import { lastSequenceOf, ProducerStates } from '../../../engine/log/producer-state.js';

const ID = 7;
const WRAP = 2 ** 31;

/** A producer whose batches of one record follow one another from sequence `first` on, at offsets from 0 on. */
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

test('the next sequence is new, a gap is refused', () => {
  const states = producerOf(3);
  expect(judge(states, 3)).toBe('new');
  expect(judge(states, 4)).toBe('OUT_OF_ORDER_SEQUENCE');
});

test('each of the last five batches is known, an older one is a duplicate without an offset', () => {
  const states = producerOf(8);
  expect([3, 4, 5, 6, 7].map((sequence) => judge(states, sequence))).toEqual([3, 4, 5, 6, 7]);
  expect(judge(states, 2)).toBe('DUPLICATE_SEQUENCE');
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
    expect(judge(states, WRAP - 2)).toBe('DUPLICATE_SEQUENCE');
    expect(judge(states, 2)).toBe(5);
    expect(judge(states, 4)).toBe('new');
  });
});

test('after five batches were lost, the five before them count again', () => {
  const states = producerOf(10);
  states.truncateEnd(5);
  expect([0, 1, 2, 3, 4].map((sequence) => judge(states, sequence))).toEqual([0, 1, 2, 3, 4]);
  expect(judge(states, 5)).toBe('new');
});

test('a snapshot of a moment when five batches were not yet written has the five before them', () => {
  const restored = new ProducerStates(producerOf(10).snapshot(5));
  expect([0, 1, 2, 3, 4].map((sequence) => judge(restored, sequence))).toEqual([0, 1, 2, 3, 4]);
  expect(judge(restored, 5)).toBe('new');
});

test('a producer of which nothing is left is not known any more', () => {
  const states = producerOf(3);
  states.truncateEnd(0);
  expect(states.count).toBe(0);
  expect(judge(states, 99)).toBe('new');
});

test('batches that recovery reads again are not noted twice', () => {
  const states = producerOf(3);
  add(states, 1, 1);
  expect(states.snapshot(99)).toEqual(producerOf(3).snapshot(99));
});

test('a producer is forgotten when its newest batch is older than the limit', () => {
  const states = producerOf(3);
  states.expire(1002);
  expect(states.count).toBe(1);
  states.expire(1003);
  expect(states.count).toBe(0);
});
