import { describe, expect, test } from 'vitest';
import {
  AlterChanges,
  type AlterOperation,
  type AlterResult,
  type ConfigChange,
} from '../../../server/settings/alter.js';

function change(
  operation: AlterOperation,
  name: string,
  value: string | null = null,
): ConfigChange {
  return { name, operation, value };
}

function altered(
  resource: 'topic' | 'broker',
  overrides: Readonly<Record<string, string>>,
  given: readonly ConfigChange[],
): AlterResult {
  const changes = new AlterChanges(resource);
  for (const each of given) {
    const failure = changes.add(each);
    if (failure !== null) return failure;
  }
  return changes.applyTo(overrides);
}

describe('changes of a topic', () => {
  test('sets and deletes, and leaves the given overrides as they are', () => {
    const before = { 'retention.ms': '5', 'segment.ms': '7' };
    expect(
      altered('topic', before, [
        change('SET', 'retention.ms', '6'),
        change('DELETE', 'segment.ms'),
      ]),
    ).toEqual({ ok: true, overrides: { 'retention.ms': '6' } });
    expect(before).toEqual({ 'retention.ms': '5', 'segment.ms': '7' });
  });

  test('appends to a list and subtracts from it, starting from the default', () => {
    const key = 'cleanup.policy';
    const list = (overrides: Record<string, string>, operation: AlterOperation, value: string) =>
      altered('topic', overrides, [change(operation, key, value)]);
    expect(list({}, 'APPEND', 'compact')).toEqual({
      ok: true,
      overrides: { [key]: 'delete,compact' },
    });
    expect(list({ [key]: 'compact' }, 'APPEND', 'compact')).toEqual({
      ok: true,
      overrides: { [key]: 'compact' },
    });
    expect(list({ [key]: 'compact,delete' }, 'SUBTRACT', 'delete')).toEqual({
      ok: true,
      overrides: { [key]: 'compact' },
    });
    expect(list({}, 'APPEND', 'keep')).toMatchObject({ ok: false, error: 'INVALID_CONFIG' });
  });

  test.each<[string, ConfigChange[], string, string]>([
    [
      'an unknown key',
      [change('SET', 'retention.mz', '1')],
      'INVALID_CONFIG',
      'nearest one is retention.ms',
    ],
    ['a bad value', [change('SET', 'retention.ms', 'x')], 'INVALID_CONFIG', 'retention.ms=x'],
    ['a refused value', [change('SET', 'preallocate', 'true')], 'INVALID_CONFIG', 'is refused'],
    ['a missing value', [change('SET', 'retention.ms')], 'INVALID_REQUEST', 'needs a value'],
    [
      'an append to a number',
      [change('APPEND', 'retention.ms', '1')],
      'INVALID_CONFIG',
      'is for lists',
    ],
    [
      'a key twice',
      [change('SET', 'retention.ms', '1'), change('DELETE', 'retention.ms')],
      'INVALID_REQUEST',
      'twice',
    ],
  ])('refuses %s and says so', (_case, changes, error, message) => {
    const result = altered('topic', {}, changes);
    expect(result).toMatchObject({ ok: false, error });
    expect(result.ok ? '' : result.message).toContain(message);
  });
});

test.each(['topic', 'broker'] as const)(
  'deleting what a %s does not have, or cannot have, is no error and changes nothing',
  (resource) => {
    for (const name of ['no.such.key', '__proto__', 'listeners', 'cleanup.policy']) {
      expect(altered(resource, {}, [change('DELETE', name)])).toEqual({
        ok: true,
        overrides: {},
      });
    }
  },
);

describe('changes of a broker', () => {
  test('changes what topics inherit while the broker runs', () => {
    const set = change('SET', 'log.retention.ms', '5');
    const size = change('SET', 'message.max.bytes', '6');
    expect(altered('broker', {}, [set, size])).toEqual({
      ok: true,
      overrides: { 'log.retention.ms': '5', 'message.max.bytes': '6' },
    });
  });

  test.each(['listeners', 'log.retention.hours', 'num.io.threads', 'ssl.keystore.location'])(
    'cannot change %s',
    (name) => {
      const result = altered('broker', {}, [change('SET', name, 'x')]);
      expect(result).toMatchObject({ ok: false, error: 'INVALID_REQUEST' });
    },
  );

  test('refuses unknown keys and bad values', () => {
    const error = (name: string, value: string) =>
      altered('broker', {}, [change('SET', name, value)]);
    expect(error('log.retention.mss', '1')).toMatchObject({ error: 'INVALID_CONFIG' });
    expect(error('log.retention.ms', '-5')).toMatchObject({ error: 'INVALID_CONFIG' });
    expect(error('log.retention.ms', '-1')).toMatchObject({ ok: true });
  });
});

test('a value that is too long is refused before it is taken apart, also one that would become so', () => {
  const long = ',delete'.repeat(10_000);
  for (const operation of ['SET', 'APPEND', 'SUBTRACT'] as const) {
    const changes = [{ name: 'cleanup.policy', operation, value: `delete${long}` }];
    expect(altered('topic', {}, changes)).toMatchObject({
      ok: false,
      error: 'INVALID_CONFIG',
      message: expect.stringContaining('characters'),
    });
  }
});
