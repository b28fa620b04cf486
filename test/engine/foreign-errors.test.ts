import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { hasAnyErrno, hasErrno } from '../../engine/disk/errno.js';
import { isError, reasonOf } from '../../engine/foreign-errors.js';

const foreign = runInNewContext(
  "Object.assign(new Error('no such file'), { code: 'ENOENT', errno: -2 })",
) as unknown;

test('an error of another realm is an error, with its code and its reason', () => {
  expect(foreign instanceof Error).toBe(false);
  expect(isError(foreign)).toBe(true);
  expect(hasErrno(foreign, 'ENOENT')).toBe(true);
  expect(hasAnyErrno(foreign)).toBe(true);
  expect(reasonOf(foreign)).toBe('no such file');
});

test('what is thrown and is no error has no code, and is its own reason', () => {
  expect(hasErrno({ code: 'ENOENT' }, 'ENOENT')).toBe(false);
  expect(reasonOf('so')).toBe('so');
});
