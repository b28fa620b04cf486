const SLOTS = 256;
const LENGTH_MAX = 64;

/** Only ASCII text is kept: its bytes are its characters. */
const known: string[] = new Array<string>(SLOTS).fill('');

/**
 * The text of UTF-8 bytes. Names of topics, groups and clients come again with every request: short
 * ASCII text is mostly the same string as the last time, which costs a comparison, makes no
 * garbage, and has its hash already.
 */
export function knownText(buffer: Buffer, at: number, length: number): string {
  if (length === 0) return '';
  if (length > LENGTH_MAX) return buffer.toString('utf8', at, at + length);
  const slot = slotOf(buffer, at, length);
  const candidate = known[slot]!;
  if (candidate.length === length && isText(buffer, at, candidate)) return candidate;
  const text = buffer.toString('utf8', at, at + length);
  if (isAscii(buffer, at, length)) known[slot] = text;
  return text;
}

/** Similar names mostly differ at their ends. */
function slotOf(buffer: Buffer, at: number, length: number): number {
  const end = at + length - 1;
  const tens = length > 1 ? buffer[end - 1]! : 0;
  return (buffer[end]! + tens * 10 + buffer[at]! * 3 + length * 7) % SLOTS;
}

function isText(buffer: Buffer, at: number, text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    if (buffer[at + index] !== text.charCodeAt(index)) return false;
  }
  return true;
}

function isAscii(buffer: Buffer, at: number, length: number): boolean {
  for (let index = at; index < at + length; index++) if (buffer[index]! >= 0x80) return false;
  return true;
}
