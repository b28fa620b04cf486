import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type SettingType, settingOf, type ValidValues } from '../../../server/settings/setting.js';
import { equalsDefault, parseValue, showPair } from '../../../server/settings/value.js';

function parse(type: SettingType, text: string, valid: ValidValues = {}) {
  return parseValue(settingOf(['k', type, null, valid], {}), text);
}

describe('parseValue', () => {
  test('reads booleans in any case and nothing else as one', () => {
    expect(parse('boolean', ' TRUE ')).toEqual({ ok: true, value: true, text: 'true' });
    for (const wrong of ['yes', '1', '', 'on']) expect(parse('boolean', wrong).ok).toBe(false);
  });

  test('keeps every digit of an int64 in the text and calls what no number holds unlimited', () => {
    expect(parse('long', '9223372036854775807')).toEqual({
      ok: true,
      value: Number.POSITIVE_INFINITY,
      text: '9223372036854775807',
    });
    expect(parse('long', '9007199254740991')).toMatchObject({ value: 9007199254740991 });
  });

  test('reads every int64 back to its own digits, and refuses what lies outside', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 64n), max: 2n ** 64n }), (exact) => {
        const inside = exact >= -(2n ** 63n) && exact < 2n ** 63n;
        const parsed = parse('long', exact.toString());
        expect(parsed.ok).toBe(inside);
        if (parsed.ok) expect(parsed.text).toBe(exact.toString());
      }),
    );
  });

  test('refuses numbers that are none, too large for the type, or out of range', () => {
    for (const wrong of ['', 'NaN', '1.5', '1e3', '0x10', '1_000', 'Infinity', '12 34', '--1']) {
      expect(parse('int', wrong).ok, wrong).toBe(false);
    }
    expect(parse('int', '2147483648')).toEqual({
      ok: false,
      expected: 'a whole number from -2147483648 to 2147483647',
    });
    expect(parse('short', '32768').ok).toBe(false);
    expect(parse('int', '0', { min: 1 }).ok).toBe(false);
    expect(parse('int', '+1', { min: 1 })).toEqual({ ok: true, value: 1, text: '1' });
    expect(parse('long', '-1', { min: 1, or: -1 }).ok).toBe(true);
    expect(parse('long', '-2', { min: 1, or: -1 })).toMatchObject({ ok: false });
    for (const wrong of ['NaN', 'Infinity', '', '1.5.1', '-0.1', '1.1']) {
      expect(parse('double', wrong, { min: 0, max: 1 }).ok, wrong).toBe(false);
    }
    expect(parse('double', '.5', { min: 0, max: 1 })).toMatchObject({ value: 0.5 });
  });

  test('trims the elements of a list and judges each', () => {
    const valid = { oneOf: ['compact', 'delete'] };
    expect(parse('list', ' compact , delete ', valid)).toMatchObject({ text: 'compact,delete' });
    expect(parse('list', 'delete,delete', valid)).toMatchObject({
      text: 'delete',
      value: ['delete'],
    });
    expect(parse('list', 'a,a')).toMatchObject({ text: 'a,a' });
    expect(parse('list', '', valid)).toEqual({ ok: true, value: [], text: '' });
    expect(parse('list', 'compact,keep', valid).ok).toBe(false);
    expect(parse('list', 'compact,,delete', valid).ok).toBe(false);
  });
});

test('a value equals the default if it means the same', () => {
  const equals = (type: SettingType, byDefault: string | null, text: string): boolean =>
    equalsDefault(settingOf(['k', type, byDefault], {}), text);
  expect(equals('double', '0.5', '0.50')).toBe(true);
  expect(equals('boolean', 'true', 'TRUE')).toBe(true);
  expect(equals('int', '10', '010')).toBe(true);
  expect(equals('list', 'a,b', 'a, b')).toBe(true);
  expect(equals('string', null, '')).toBe(true);
  expect(equals('string', null, 'x')).toBe(false);
  expect(equals('int', '10', 'ten')).toBe(false);
});

test('a message shows no secret, no control character and no endless value', () => {
  const password = settingOf(['p', 'password', null], {});
  expect(showPair(password, 'p', 'hunter2')).toBe('p=[hidden]');
  expect(showPair(undefined, 'k', 'a\n\u001b[31m')).toBe('k=a\\n\\u001b[31m');
  expect(showPair(undefined, 'k', 'x'.repeat(5000)).length).toBeLessThan(250);
});
