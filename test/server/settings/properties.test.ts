import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseProperties, propertyLine } from '../../../server/settings/properties.js';

function pairs(text: string): [string, string][] {
  return parseProperties(text).properties.map(({ key, value }) => [key, value]);
}

/** java.util.Properties.store: every character that could mean something is escaped. */
function escapedFor(text: string, isKey: boolean): string {
  return [...text.split('')]
    .map((character, index) => {
      const code = character.charCodeAt(0);
      if (character === ' ' && (isKey || index === 0)) return '\\ ';
      if ('=:#!\\'.includes(character)) return `\\${character}`;
      if (character === '\n') return '\\n';
      if (character === '\t') return '\\t';
      if (character === '\r') return '\\r';
      if (character === '\f') return '\\f';
      if (code < 0x20 || code > 0x7e) return `\\u${code.toString(16).padStart(4, '0')}`;
      return character;
    })
    .join('');
}

const anyText = fc.string({ unit: 'binary', maxLength: 20 });

describe('parseProperties', () => {
  test('separates a key from its value by =, : or blanks', () => {
    expect(pairs('a=1\nb:2\nc 3\nd = 4\ne\t:\t5\nf  6 ')).toEqual([
      ['a', '1'],
      ['b', '2'],
      ['c', '3'],
      ['d', '4'],
      ['e', '5'],
      ['f', '6 '],
    ]);
  });

  test('takes only the first separator', () => {
    expect(pairs('listeners=PLAINTEXT://:9092\na==b\nc:=d')).toEqual([
      ['listeners', 'PLAINTEXT://:9092'],
      ['a', '=b'],
      ['c', '=d'],
    ]);
  });

  test('knows a key without a value', () => {
    expect(pairs('alone\nempty=')).toEqual([
      ['alone', ''],
      ['empty', ''],
    ]);
  });

  test('leaves out blank lines and comments, which no backslash continues', () => {
    expect(pairs('# a=1\n  ! b=2\n\n \t\n# c \\\nd=4\n')).toEqual([['d', '4']]);
  });

  test('joins lines at an odd number of backslashes and drops the leading blanks', () => {
    expect(pairs('a=1,\\\n    2,\\\r\n\t3\nb=x\\\\\nc=y')).toEqual([
      ['a', '1,2,3'],
      ['b', 'x\\'],
      ['c', 'y'],
    ]);
  });

  test('reads a continued line that begins with # as part of the value', () => {
    expect(pairs('a=1\\\n#2')).toEqual([['a', '1#2']]);
  });

  test('reads escapes', () => {
    expect(pairs('a\\ b\\=c=\\t\\u00e9\\q\\\\')).toEqual([['a b=c', '\té' + 'q\\']]);
  });

  test('names the line of a \\u without four hexadecimal digits and goes on', () => {
    const { properties, problems } = parseProperties('a=1\nb=\\u12x4\nc=3');
    expect(problems).toEqual([
      { line: 2, message: '\\u needs four hexadecimal digits, found "12x4"' },
    ]);
    expect(properties.map(({ key, line }) => [key, line])).toEqual([
      ['a', 1],
      ['c', 3],
    ]);
  });

  test('reads back whatever java.util.Properties would store', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyText, anyText)), (given) => {
        const text = given
          .map(([key, value]) => `${escapedFor(key, true)}=${escapedFor(value, false)}\n`)
          .join('# between\n');
        expect(pairs(text)).toEqual(given);
      }),
    );
  });

  test('gives the same for a value that is broken over lines anywhere between characters', () => {
    const plain = fc.stringMatching(/^[a-z0-9,./]{1,30}$/);
    fc.assert(
      fc.property(
        plain,
        fc.nat({ max: 30 }),
        fc.constantFrom('', ' ', '\t '),
        (value, at, indent) => {
          const broken = `k=${value.slice(0, at)}\\\n${indent}${value.slice(at)}`;
          expect(pairs(broken)).toEqual([['k', value]]);
        },
      ),
    );
  });

  test('never throws, and its lines are those of the text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '=', ':', ' ', '\\', '\n', '\r', '#', 'u') }),
        (text) => {
          const { properties, problems } = parseProperties(text);
          const lineCount = text.split(/\r\n|\r|\n/).length;
          for (const { line } of [...properties, ...problems]) {
            expect(line).toBeGreaterThanOrEqual(1);
            expect(line).toBeLessThanOrEqual(lineCount);
          }
        },
      ),
    );
  });
});

test('a line that is written is read back as it was', () => {
  fc.assert(
    fc.property(
      fc.string({ minLength: 1, unit: 'binary' }),
      fc.string({ unit: 'binary' }),
      (key, value) => {
        const { properties, problems } = parseProperties(propertyLine(key, value));
        expect({ properties, problems }).toEqual({
          properties: [{ key, value, line: 1 }],
          problems: [],
        });
      },
    ),
  );
});
