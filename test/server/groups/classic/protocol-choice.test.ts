import { describe, expect, test } from 'vitest';
import { sameProtocols } from '../../../../server/groups/classic/protocol-choice.js';
import { ProtocolTally } from '../../../../server/groups/classic/protocol-tally.js';

const member = (...names: string[]) => ({
  protocols: names.map((name) => ({ name, metadata: Buffer.from(name) })),
});

function tallyOf(members: readonly ReturnType<typeof member>[]): ProtocolTally {
  const tally = new ProtocolTally();
  for (const { protocols } of members) tally.add(protocols);
  return tally;
}

function choice(...members: readonly ReturnType<typeof member>[]): string | null {
  return tallyOf(members).choose(members[0]!.protocols);
}

describe('the choice of a protocol', () => {
  test('is among those that all support', () => {
    const members = [member('a', 'b', 'c'), member('c', 'b'), member('b', 'c', 'd')];
    const common = ['a', 'b', 'c', 'd'].filter((name) => tallyOf(members).isSupportedByAll(name));
    expect(common).toEqual(['b', 'c']);
    expect(choice(member('a'), member('b'))).toBeNull();
  });

  test('goes to the one that most prefer, and of equals to the first member', () => {
    expect(choice(member('a', 'b'), member('b', 'a'), member('b', 'a'))).toBe('b');
    expect(choice(member('a', 'b'), member('b', 'a'))).toBe('a');
    expect(choice(member('x', 'a'), member('a'))).toBe('a');
  });

  test('counts a protocol that a member names twice once', () => {
    const members = [member('a', 'a', 'b'), member('b')];
    expect(tallyOf(members).isSupportedByAll('a')).toBe(false);
    expect(choice(...members)).toBe('b');
  });

  test('is as if those who left had never been there', () => {
    const stay = [member('a', 'b'), member('b', 'a')];
    const gone = [member('b'), member('b'), member('c', 'b')];
    const tally = tallyOf([...gone, ...stay]);
    expect(tally.choose(stay[0]!.protocols)).toBe('b');
    for (const { protocols } of gone) tally.remove(protocols);
    expect(tally.choose(stay[0]!.protocols)).toBe('a');
    expect(tally).toEqual(tallyOf(stay));
    expect([tally.names, tally.bytes]).toEqual([4, 8]);
  });
});

test('members say the same if names, order and metadata are the same', () => {
  expect(sameProtocols(member('a', 'b'), member('a', 'b'))).toBe(true);
  expect(sameProtocols(member('a', 'b'), member('b', 'a'))).toBe(false);
  expect(sameProtocols(member('a'), member('a', 'b'))).toBe(false);
  const changed = { protocols: [{ name: 'a', metadata: Buffer.from('other') }] };
  expect(sameProtocols(member('a'), changed)).toBe(false);
});
