import { SERVER_LIMITS } from '../limits.js';
import { isSensitive, type Setting, type SettingType, type ValidValues } from './setting.js';

/** A value after parsing. A list is its trimmed elements; every number is a JavaScript number. */
export type SettingValue = boolean | number | string | readonly string[];

export type ParsedValue =
  | { readonly ok: true; readonly value: SettingValue; readonly text: string }
  | { readonly ok: false; readonly expected: string };

const INTEGER_RANGES: Partial<Record<SettingType, readonly [min: bigint, max: bigint]>> = {
  short: [-(2n ** 15n), 2n ** 15n - 1n],
  int: [-(2n ** 31n), 2n ** 31n - 1n],
  long: [-(2n ** 63n), 2n ** 63n - 1n],
};

const INTEGER = /^[+-]?[0-9]{1,40}$/;
const DOUBLE = /^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?$/;

/**
 * Reads one value as its setting's type. `text` of the result is the canonical form that
 * DescribeConfigs shows; it keeps every digit of an int64. The typed value of a long beyond 2^53
 * is Infinity: no limit that this program could tell from none.
 */
export function parseValue(setting: Setting, raw: string): ParsedValue {
  const { type, valid } = setting;
  const text = type === 'password' ? raw : raw.trim();
  switch (type) {
    case 'boolean': {
      const lower = text.toLowerCase();
      if (lower !== 'true' && lower !== 'false') return refuse('true or false');
      return { ok: true, value: lower === 'true', text: lower };
    }
    case 'int':
    case 'short':
    case 'long':
      return parseInteger(type, valid, text);
    case 'double': {
      const value = Number(text);
      if (!DOUBLE.test(text) || !Number.isFinite(value) || !inBounds(valid, value)) {
        return refuse(`a decimal number${boundsText(valid)}`);
      }
      return { ok: true, value, text };
    }
    case 'list': {
      const given = splitList(text);
      // A choice among words is a set; other elements, such as addresses, may occur twice.
      const elements = valid.oneOf === undefined ? given : [...new Set(given)];
      if (!elements.every((element) => isOneOf(valid, element))) {
        return refuse(`a comma-separated list of ${valid.oneOf?.join(', ')}`);
      }
      return { ok: true, value: elements, text: elements.join(',') };
    }
    default:
      if (!isOneOf(valid, text)) return refuse(`one of ${valid.oneOf?.join(', ')}`);
      return { ok: true, value: text, text };
  }
}

/** The elements of a list value, trimmed. The empty text is the empty list. */
export function splitList(text: string): string[] {
  return text.trim() === '' ? [] : text.split(',').map((element) => element.trim());
}

/** Whether `raw` means the same as the setting's default. A value that does not parse does not. */
export function equalsDefault(setting: Setting, raw: string): boolean {
  if (setting.defaultText === null) return raw.trim() === '';
  const given = parseValue(setting, raw);
  const byDefault = parseValue(setting, setting.defaultText);
  if (!given.ok || !byDefault.ok) return raw.trim() === setting.defaultText;
  return setting.type === 'double'
    ? given.value === byDefault.value
    : given.text === byDefault.text;
}

/** `key=value` for a message, without the secrets and cut to a line's length. */
export function showPair(setting: Setting | undefined, name: string, raw: string): string {
  if (setting !== undefined && isSensitive(setting)) return `${name}=[hidden]`;
  const short = raw.length > 200 ? `${raw.slice(0, 200)}…` : raw;
  return `${name}=${JSON.stringify(short).slice(1, -1)}`;
}

function parseInteger(type: SettingType, valid: ValidValues, text: string): ParsedValue {
  const [lowest, highest] = INTEGER_RANGES[type] ?? [0n, 0n];
  const expected = `a whole number${boundsText({
    min: Number(lowest),
    max: Number(highest),
    ...valid,
  })}`;
  if (!INTEGER.test(text)) return refuse(expected);
  const exact = BigInt(text.startsWith('+') ? text.slice(1) : text);
  if (exact < lowest || exact > highest) return refuse(expected);
  const value = toNumber(exact);
  if (!inBounds(valid, value)) return refuse(expected);
  return { ok: true, value, text: exact.toString() };
}

function toNumber(exact: bigint): number {
  if (exact > Number.MAX_SAFE_INTEGER) return Number.POSITIVE_INFINITY;
  if (exact < Number.MIN_SAFE_INTEGER) return Number.NEGATIVE_INFINITY;
  return Number(exact);
}

function inBounds({ min, max, or }: ValidValues, value: number): boolean {
  if (or !== undefined && value === or) return true;
  return (min === undefined || value >= min) && (max === undefined || value <= max);
}

function isOneOf({ oneOf, anyCase }: ValidValues, text: string): boolean {
  if (oneOf === undefined) return true;
  return anyCase
    ? oneOf.some((each) => each.toLowerCase() === text.toLowerCase())
    : oneOf.includes(text);
}

/** The bounds of int64 tell a reader nothing, those of int32 do. */
function boundsText({ min, max, or }: ValidValues): string {
  const low = min !== undefined && min > -(2 ** 63) ? min : undefined;
  const high = max !== undefined && max < 2 ** 63 ? max : undefined;
  const extra = or === undefined ? '' : `, or ${or}`;
  if (low !== undefined && high !== undefined) return ` from ${low} to ${high}${extra}`;
  if (low !== undefined) return ` of at least ${low}${extra}`;
  if (high !== undefined) return ` of at most ${high}${extra}`;
  return '';
}

function refuse(expected: string): ParsedValue {
  return { ok: false, expected };
}

/** The problem of a value that is too long to be parsed; undefined for other values. */
export function tooLong(name: string, text: string): string | undefined {
  const { configValueLengthMax } = SERVER_LIMITS;
  if (text.length <= configValueLengthMax) return undefined;
  return `${name.slice(0, 200)} has ${text.length} characters: at most ${configValueLengthMax} are taken`;
}
