import { describe, expect, test } from 'vitest';
import {
  chooseProtocol,
  commonProtocols,
  sameProtocols,
} from '../../../server/groups/protocol-choice.js';

const member = (...names: string[]) => ({
  protocols: names.map((name) => ({ name, metadata: Buffer.from(name) })),
});

describe('the choice of a protocol', () => {
  test('is among those that all support', () => {
    const members = [member('a', 'b', 'c'), member('c', 'b'), member('b', 'c', 'd')];
    expect(commonProtocols(members)).toEqual(['b', 'c']);
    expect(commonProtocols([member('a'), member('b')])).toEqual([]);
    expect(commonProtocols([])).toEqual([]);
  });

  test('goes to the one that most prefer, and of equals to the first member', () => {
    expect(chooseProtocol([member('a', 'b'), member('b', 'a'), member('b', 'a')])).toBe('b');
    expect(chooseProtocol([member('a', 'b'), member('b', 'a')])).toBe('a');
    expect(chooseProtocol([member('x', 'a'), member('a')])).toBe('a');
    expect(chooseProtocol([])).toBeNull();
  });
});

test('members say the same if names, order and metadata are the same', () => {
  expect(sameProtocols(member('a', 'b'), member('a', 'b'))).toBe(true);
  expect(sameProtocols(member('a', 'b'), member('b', 'a'))).toBe(false);
  expect(sameProtocols(member('a'), member('a', 'b'))).toBe(false);
  const changed = { protocols: [{ name: 'a', metadata: Buffer.from('other') }] };
  expect(sameProtocols(member('a'), changed)).toBe(false);
});
