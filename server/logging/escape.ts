import { SERVER_LIMITS } from '../limits.js';

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/**
 * Control characters (C0, DEL, C1), lone surrogates, line separators, and the marks that change the
 * direction of text (they make a line look like another one).
 */
const UNSAFE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for.
  /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\p{Surrogate}/gu;

/**
 * Bytes or text of a client, made fit for a log line and a terminal: one line, printable, at most
 * `lengthMax` characters before escaping, then the whole length if it was cut. Bytes are read as
 * UTF-8. Escaping twice is harmless: a backslash stays as it is.
 */
export function escapeClientText(
  input: Uint8Array | string,
  lengthMax: number = SERVER_LIMITS.logClientTextLengthMax,
): string {
  const text = typeof input === 'string' ? input : decodeStart(input, lengthMax);
  const escaped = text.slice(0, lengthMax).replace(UNSAFE, escapeCharacter);
  if (text.length <= lengthMax) return escaped;
  return `${escaped}… (${input.length} ${typeof input === 'string' ? 'characters' : 'bytes'} in all)`;
}

/**
 * A character has at most four bytes, so no more bytes are decoded than show that the text is cut.
 */
function decodeStart(bytes: Uint8Array, lengthMax: number): string {
  const size = Math.min(bytes.byteLength, (lengthMax + 1) * 4);
  return Buffer.from(bytes.buffer, bytes.byteOffset, size).toString();
}

function escapeCharacter(character: string): string {
  const named = NAMED[character];
  if (named !== undefined) return named;
  const code = character.charCodeAt(0);
  return code < 0x100
    ? `\\x${code.toString(16).padStart(2, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}
