import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeClientText } from '../../../server/logging/escape.js';

describe('escapeClientText', () => {
  test('shows what a terminal would act on', () => {
    expect(escapeClientText('a\n\r\tb\u001b[2J\u0000\u009b\u007f')).toBe(
      'a\\n\\r\\tb\\x1b[2J\\x00\\x9b\\x7f',
    );
    expect(escapeClientText('\u202egpj.exe\u2028')).toBe('\\u202egpj.exe\\u2028');
  });

  test('leaves printable text of any language alone', () => {
    expect(escapeClientText('Größe 尺寸 🎉 C:\\dir')).toBe('Größe 尺寸 🎉 C:\\dir');
  });

  test('cuts long text and says how long it was', () => {
    expect(escapeClientText('x'.repeat(300), 4)).toBe('xxxx… (300 characters in all)');
    expect(escapeClientText(new Uint8Array(5_000_000).fill(120), 4)).toBe(
      'xxxx… (5000000 bytes in all)',
    );
  });

  test('gives one printable line of bounded length for any bytes, and the same when done twice', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 600 }), fc.nat({ max: 100 }), (bytes, lengthMax) => {
        const escaped = escapeClientText(bytes, lengthMax);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: none of these may be left.
        expect(escaped).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
        expect(escaped.length).toBeLessThanOrEqual(lengthMax * 6 + 30);
        expect(escapeClientText(escaped, 10_000)).toBe(escaped);
      }),
    );
  });
});
