import { describe, expect, it } from 'vitest';
import { afterWrite, NOT_STALLED, type StallState } from '../../../engine/disk/stall-guard.js';

function afterWrites(state: StallState, elapsed: readonly number[]): StallState {
  return elapsed.reduce(afterWrite, state);
}

const fast = (count: number): number[] => new Array<number>(count).fill(9);

describe('the stall guard', () => {
  it('lets slow writes pass up to 50 ms', () => {
    expect(afterWrites(NOT_STALLED, [1, 50, 20, 50])).toBe(NOT_STALLED);
  });

  it('asks for asynchronous writes after one synchronous write over 50 ms', () => {
    expect(afterWrite(NOT_STALLED, 51).asynchronous).toBe(true);
  });

  it('comes back after 16 asynchronous writes in a row below 10 ms', () => {
    const stalled = afterWrite(NOT_STALLED, 51);
    expect(afterWrites(stalled, fast(15)).asynchronous).toBe(true);
    expect(afterWrites(stalled, fast(16))).toBe(NOT_STALLED);
  });

  it('counts from the start again after a slow one', () => {
    const stalled = afterWrite(NOT_STALLED, 51);
    expect(afterWrites(stalled, [...fast(15), 10, ...fast(15)]).asynchronous).toBe(true);
    expect(afterWrites(stalled, [...fast(15), 10, ...fast(16)])).toBe(NOT_STALLED);
  });
});
