import {
  type FieldInput,
  type RecordInput,
  type Timestamp,
  timestampOf,
} from '../../engine/index.js';
import { CliError } from './cli-error.js';

/** A line of input, as a record. */
export interface LineRecord extends RecordInput {
  /** Bytes or null: the partition is chosen by it. */
  readonly key: Buffer | null;
  readonly headers: readonly { readonly key: string; readonly value: FieldInput }[];
  /** Null: the partition of the key, or any partition. */
  readonly partition: number | null;
}

export interface LineOptions {
  /** Lines are JSON objects. */
  readonly json: boolean;
  /** Stands between key and value; a line without it has no key. Undefined: no line has one. */
  readonly keySeparator?: string | undefined;
  /** Empty values are null, which deletes a key in a compacted topic. */
  readonly emptyIsNull: boolean;
  /** Headers of every record. */
  readonly headers: LineRecord['headers'];
}

/** Makes the function that reads a line. It throws a CliError that names what is wrong in it. */
export function lineParser(
  options: LineOptions,
): (line: Buffer, lineNumber: number, nowMs: number) => LineRecord {
  if (options.json) return (line, lineNumber, nowMs) => parseJson(line, lineNumber, nowMs, options);
  const separator = options.keySeparator === undefined ? null : Buffer.from(options.keySeparator);
  return (line, _lineNumber, nowMs) => {
    const at = separator === null ? -1 : line.indexOf(separator);
    const key = at < 0 || separator === null ? null : line.subarray(0, at);
    const value = at < 0 || separator === null ? line : line.subarray(at + separator.length);
    return {
      key,
      value: options.emptyIsNull && value.length === 0 ? null : value,
      headers: options.headers,
      timestamp: nowMs,
      partition: null,
    };
  };
}

/** `NAME=VALUE` of the command line. */
export function parseHeader(text: string): LineRecord['headers'][number] {
  const equals = text.indexOf('=');
  if (equals <= 0) {
    throw new CliError(
      `--header ${JSON.stringify(text)}: expected NAME=VALUE, such as --header source=import`,
      2,
    );
  }
  return { key: text.slice(0, equals), value: text.slice(equals + 1) };
}

const EXAMPLE = '{"key":"a","value":"b"}';

function parseJson(
  line: Buffer,
  lineNumber: number,
  nowMs: number,
  options: LineOptions,
): LineRecord {
  const wrong = (what: string): CliError => new CliError(`line ${lineNumber}: ${what}`);
  let fields: unknown;
  try {
    fields = JSON.parse(line.toString());
  } catch {
    throw wrong(`not JSON: with --format json each line is an object such as ${EXAMPLE}`);
  }
  if (!isObject(fields)) throw wrong(`an object such as ${EXAMPLE} is expected`);
  const { partition = null, timestamp = nowMs } = fields;
  if (partition !== null && !isWhole(partition)) {
    throw wrong('"partition" is a whole number from 0 on');
  }
  const exact = exactTimestamp(timestamp);
  if (exact === null) {
    throw wrong('"timestamp" is a whole number, milliseconds since 1970; beyond 2^53 as text');
  }
  const value = bytesOf(fields, 'value', wrong);
  return {
    key: bytesOf(fields, 'key', wrong),
    value: options.emptyIsNull && value?.length === 0 ? null : value,
    headers: [...options.headers, ...headersOf(fields.headers ?? [], wrong)],
    timestamp: exact,
    partition,
  };
}

/** Null for a value that is no int64, or that was rounded when it was read. */
function exactTimestamp(given: unknown): Timestamp | null {
  if (typeof given === 'number') return Number.isSafeInteger(given) ? given : null;
  if (typeof given !== 'string' || !/^-?\d{1,19}$/.test(given)) return null;
  const value = BigInt(given);
  return BigInt.asIntN(64, value) === value ? timestampOf(value) : null;
}

/** Text under `name`, or bytes under `nameBase64`. */
function bytesOf(
  fields: Readonly<Record<string, unknown>>,
  name: string,
  wrong: (what: string) => CliError,
): Buffer | null {
  const text = fields[name] ?? null;
  const base64 = fields[`${name}Base64`] ?? null;
  if (base64 === null) {
    if (text === null) return null;
    if (typeof text === 'string') return Buffer.from(text);
    throw wrong(
      `"${name}" is text or null; write an object as text, "${name}":"{…}", and bytes as "${name}Base64"`,
    );
  }
  const bytes = typeof base64 === 'string' ? Buffer.from(base64, 'base64') : null;
  if (text !== null) throw wrong(`"${name}" and "${name}Base64" exclude each other`);
  if (bytes === null || bytes.toString('base64') !== base64) {
    throw wrong(`"${name}Base64" is not base64`);
  }
  return bytes;
}

function headersOf(headers: unknown, wrong: (what: string) => CliError): LineRecord['headers'] {
  if (!Array.isArray(headers)) {
    throw wrong('"headers" is a list of objects such as {"key":"a","value":"b"}');
  }
  return headers.map((header: unknown) => {
    if (!isObject(header) || typeof header.key !== 'string') {
      throw wrong('a header is an object such as {"key":"a","value":"b"}');
    }
    return { key: header.key, value: bytesOf(header, 'value', wrong) };
  });
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
