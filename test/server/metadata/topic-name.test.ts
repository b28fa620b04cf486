import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type NameRules,
  TakenNames,
  topicNameProblem,
} from '../../../server/metadata/topic-name.js';

describe('topic names', () => {
  test.each(['a', 'A-b_c.9', '...', '.a', '-', '__proto__', 'x'.repeat(249)])(
    '%s is legal',
    (name) => {
      expect(topicNameProblem(name)).toBeNull();
    },
  );

  test.each(['', '.', '..', 'x'.repeat(250), 'a b', 'a/b', '..\\x', 'ä', 'a\n', '\0', 'a:b', '🙂'])(
    '%j is not, and the client is told in one printable line',
    (name) => {
      expect(topicNameProblem(name)).toMatch(/^Topic name is invalid: [\x20-\x7eä🙂]+$/u);
    },
  );

  test('whatever passes stays inside its folder', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), (name) => {
        if (topicNameProblem(name) !== null) return;
        expect(name).toMatch(/^[\w.-]{1,249}$/);
        expect(['.', '..']).not.toContain(name);
      }),
    );
  });
});

describe('collisions', () => {
  const sensitive = { caseInsensitiveDisk: false };
  const insensitive = { caseInsensitiveDisk: true };

  function taken(names: readonly string[], rules: NameRules): TakenNames {
    const all = new TakenNames(rules);
    for (const name of names) all.add(name);
    return all;
  }

  test('an equal name is none; that is another error', () => {
    expect(taken(['a.b'], insensitive).collisionOf('a.b')).toBeNull();
  });

  test('dots and underscores stand for each other', () => {
    expect(taken(['x', 'a_b.c'], sensitive).collisionOf('a.b_c')).toContain('a_b.c');
    expect(taken(['a-b', 'ab'], sensitive).collisionOf('a.b')).toBeNull();
  });

  test('case matters unless the disk ignores it', () => {
    expect(taken(['orders'], sensitive).collisionOf('Orders')).toBeNull();
    expect(taken(['orders'], insensitive).collisionOf('Orders')).toContain('disk ignores case');
  });
});
