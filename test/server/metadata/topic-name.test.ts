import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { collisionProblem, topicNameProblem } from '../../../server/metadata/topic-name.js';

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

  test('an equal name is none; that is another error', () => {
    expect(collisionProblem('a.b', ['a.b'], insensitive)).toBeNull();
  });

  test('dots and underscores stand for each other', () => {
    expect(collisionProblem('a.b_c', ['x', 'a_b.c'], sensitive)).toContain('a_b.c');
    expect(collisionProblem('a.b', ['a-b', 'ab'], sensitive)).toBeNull();
  });

  test('case matters unless the disk ignores it', () => {
    expect(collisionProblem('Orders', ['orders'], sensitive)).toBeNull();
    expect(collisionProblem('Orders', ['orders'], insensitive)).toContain('disk ignores case');
  });
});
