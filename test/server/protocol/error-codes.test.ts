import { expect, test } from 'vitest';
import { ErrorCode, errorInfo } from '../../../server/protocol/error-codes.js';

test('codes run from -1 to 133 without a gap, each with one name', () => {
  const codes = Object.values(ErrorCode);
  expect(codes).toEqual(Array.from({ length: 135 }, (_, i) => i - 1));
});

test('every code describes itself', () => {
  for (const [name, code] of Object.entries(ErrorCode)) {
    expect(errorInfo(code)).toMatchObject({ name, code });
    expect(errorInfo(code).message).toMatch(/\.$/);
  }
});

test('well-known codes have the numbers and the retriability that clients rely on', () => {
  expect(ErrorCode.OFFSET_OUT_OF_RANGE).toBe(1);
  expect(ErrorCode.UNSUPPORTED_VERSION).toBe(35);
  expect(ErrorCode.FENCED_LEADER_EPOCH).toBe(74);
  expect(ErrorCode.UNKNOWN_TOPIC_ID).toBe(100);
  expect(errorInfo(3).retriable).toBe(true);
  expect(errorInfo(56).retriable).toBe(true);
  expect(errorInfo(1).retriable).toBe(false);
  expect(errorInfo(90).retriable).toBe(false);
});

test('a code from the future reads as UNKNOWN_SERVER_ERROR', () => {
  expect(errorInfo(9999).name).toBe('UNKNOWN_SERVER_ERROR');
});
