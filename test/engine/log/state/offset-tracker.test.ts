import { describe, expect, test } from 'vitest';
import { AssertionError } from '../../../../engine/assert.js';
import { OffsetTracker } from '../../../../engine/log/state/offset-tracker.js';

const at = (offset: number): { offset: number; segmentBase: number; position: number } => ({
  offset,
  segmentBase: 0,
  position: offset * 10,
});

/** Log start 2, everything up to 10 written, durable and committed. */
const tracker = (): OffsetTracker => new OffsetTracker(2, at(10), at(10));

test('what was recovered is written, durable and committed', () => {
  const offsets = tracker();
  expect([offsets.logStart, offsets.logEnd]).toEqual([2, 10]);
  expect([offsets.written, offsets.durable, offsets.highWatermark]).toEqual([
    at(10),
    at(10),
    at(10),
  ]);
});

test('an append moves the log end, its write the written end, its sync the durable end', () => {
  const offsets = tracker();
  offsets.assigned(13);
  expect([offsets.logEnd, offsets.written.offset]).toEqual([13, 10]);
  offsets.wrote(at(13));
  expect([offsets.written.offset, offsets.durable.offset]).toEqual([13, 10]);
  offsets.synced(at(12));
  expect(offsets.durable.offset).toBe(12);
  offsets.synced(at(11));
  expect(offsets.durable.offset).toBe(12);
});

test('the high watermark never moves back', () => {
  const offsets = tracker();
  offsets.assigned(13);
  offsets.wrote(at(13));
  expect(offsets.committed(at(12))).toBe(true);
  expect(offsets.committed(at(11))).toBe(false);
  expect(offsets.highWatermark.offset).toBe(12);
});

test('a truncation takes every end down to it', () => {
  const offsets = tracker();
  offsets.truncated(at(5));
  expect([offsets.logEnd, offsets.written, offsets.durable, offsets.highWatermark]).toEqual([
    5,
    at(5),
    at(5),
    at(5),
  ]);
  expect(offsets.logStart).toBe(2);
});

test('a sync that was submitted before a truncation makes nothing durable that is gone', () => {
  const offsets = tracker();
  offsets.truncated(at(5));
  offsets.synced(at(9));
  expect(offsets.durable).toEqual(at(5));
});

test('offsets whose write failed are given out again', () => {
  const offsets = tracker();
  offsets.assigned(13);
  offsets.unassigned(10);
  expect(offsets.logEnd).toBe(10);
});

describe('a broken program stops', () => {
  test.each<[string, (offsets: OffsetTracker) => void]>([
    ['a log end that does not grow', (offsets) => offsets.assigned(10)],
    ['a write beyond the log end', (offsets) => offsets.wrote(at(11))],
    ['a written end that moves back', (offsets) => offsets.wrote(at(9))],
    ['a high watermark above what is written', (offsets) => offsets.committed(at(11))],
    ['a log start above the high watermark', (offsets) => offsets.startedAt(11)],
    ['a log start that moves back', (offsets) => offsets.startedAt(1)],
    ['taking back what was written', (offsets) => offsets.unassigned(9)],
    ['a truncation below the log start', (offsets) => offsets.truncated(at(1))],
  ])('%s', (_what, act) => {
    expect(() => act(tracker())).toThrow(AssertionError);
  });
});
