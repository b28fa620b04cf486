import { isUtf8 } from 'node:buffer';
import type { RecordView } from '../../engine/index.js';
import { CliError, EXIT } from './cli-error.js';

/** Where a record comes from. */
export interface RecordPlace {
  readonly topic: string;
  readonly partition: number;
}

/** Makes the bytes that are printed for a record. */
export type RecordFormat = (record: RecordView, place: RecordPlace) => Buffer;

type Piece = (record: RecordView, place: RecordPlace) => Uint8Array | string;

const NOTHING = Buffer.alloc(0);

/** The letters behind a percent sign, as in kcat. */
const PIECES: Readonly<Record<string, Piece>> = {
  s: ({ value }) => value ?? NOTHING,
  S: ({ value }) => String(value?.length ?? -1),
  R: ({ value }) => int32(value?.length ?? -1),
  k: ({ key }) => key ?? NOTHING,
  K: ({ key }) => String(key?.length ?? -1),
  T: ({ timestamp }) => String(timestamp),
  h: ({ headers }) => headersText(headers),
  t: (_record, { topic }) => topic,
  p: (_record, { partition }) => String(partition),
  o: ({ offset }) => String(offset),
  '%': () => '%',
};

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  '0': '\0',
  '\\': '\\',
};

/**
 * Reads `--format`: `json`, or text in which `%k` stands for the key, `%s` for the value and so on.
 * Throws a CliError (usage) for an unknown letter.
 */
export function parseFormat(text: string): RecordFormat {
  if (text === 'json') return jsonLine;
  if (!text.includes('%')) {
    throw new CliError(
      `--format ${JSON.stringify(text)}: json is expected, or text with fields such as '%k\\t%s\\n'`,
      EXIT.usage,
    );
  }
  return joined(piecesOf(text));
}

/**
 * The value as a line, or key, separator and value; `withTopic` puts the topic and a tab before it.
 */
export function lineFormat(keySeparator: string | undefined, withTopic = false): RecordFormat {
  const topic = withTopic ? [PIECES.t!, () => '\t'] : [];
  const key = keySeparator === undefined ? [] : [PIECES.k!, () => keySeparator];
  return joined([...topic, ...key, PIECES.s!, () => '\n']);
}

function joined(pieces: readonly Piece[]): RecordFormat {
  return (record, place) =>
    Buffer.concat(
      pieces.map((piece) => {
        const part = piece(record, place);
        return typeof part === 'string' ? Buffer.from(part) : part;
      }),
    );
}

/** A field, a byte, an escaped character, or plain text. */
const TOKEN = /%(.?)|\\(?:x([0-9a-fA-F]{2})|(.?))|[^%\\]+/gs;

function piecesOf(text: string): Piece[] {
  const pieces: Piece[] = [];
  for (const [found, field, hex, character] of text.matchAll(TOKEN)) {
    if (field !== undefined) {
      const piece = PIECES[field];
      if (piece === undefined)
        throw unknown(
          `%${field}`,
          Object.keys(PIECES).map((key) => `%${key}`),
        );
      pieces.push(piece);
    } else if (hex !== undefined) {
      const byte = Buffer.from(hex, 'hex');
      pieces.push(() => byte);
    } else if (character !== undefined) {
      const meant = ESCAPES[character];
      if (meant === undefined) {
        throw unknown(`\\${character}`, [
          ...Object.keys(ESCAPES).map((key) => `\\${key}`),
          '\\xNN',
        ]);
      }
      pieces.push(() => meant);
    } else pieces.push(() => found);
  }
  return pieces;
}

function unknown(what: string, known: readonly string[]): CliError {
  return new CliError(`--format: ${what} stands for nothing; ${known.join(' ')} do`, EXIT.usage);
}

/**
 * One object a line, which `odradek produce --format json` reads back. Bytes that are no text
 * become a field `…Base64`.
 */
function jsonLine(record: RecordView, { topic, partition }: RecordPlace): Buffer {
  return Buffer.from(`${JSON.stringify({ topic, partition, ...jsonRecord(record) })}\n`);
}

/** A record as its JSON line has it. */
export function jsonRecord({ offset, timestamp, key, value, headers }: RecordView): object {
  return {
    offset,
    timestamp: timestampText(timestamp),
    ...field('key', key),
    ...field('value', value),
    headers: headers.map((header) => ({ key: header.key, ...field('value', header.value) })),
  };
}

/** A number where it is exact, else its digits as text: no reader must round nanoseconds. */
function timestampText(timestamp: RecordView['timestamp']): number | string {
  return typeof timestamp === 'bigint' ? String(timestamp) : timestamp;
}

function field(name: string, bytes: Buffer | null): Record<string, string | null> {
  if (bytes === null) return { [name]: null };
  return isUtf8(bytes)
    ? { [name]: bytes.toString() }
    : { [`${name}Base64`]: bytes.toString('base64') };
}

/** `name=value` with commas between, as in kcat. */
function headersText(headers: RecordView['headers']): Buffer {
  const parts = headers.flatMap(({ key, value }, at) => [
    Buffer.from(`${at === 0 ? '' : ','}${key}=`),
    value ?? Buffer.from('NULL'),
  ]);
  return Buffer.concat(parts);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
