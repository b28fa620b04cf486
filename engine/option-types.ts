import { EngineError } from './errors.js';
import { assertKnownOptions, assertOptionsObject } from './nearest-name.js';
import { shown } from './shown.js';

/** What an option is: a type, one of some words, or a whole number from 1 on. */
export type OptionType = 'object' | 'function' | 'count' | 'boolean' | readonly string[];

/**
 * Refuses options that are no object, that there are not, and that are not of their type, naming
 * them: INVALID_SETTING. What is left out, or undefined, has its default.
 */
export function assertOptions(
  what: string,
  options: unknown,
  types: Readonly<Record<string, OptionType>>,
): void {
  assertOptionsObject(what, options);
  assertKnownOptions(what, options, Object.keys(types));
  for (const [name, value] of Object.entries(options)) {
    const type = types[name];
    if (value === undefined || type === undefined || isOf(type, value)) continue;
    const wanted = typeof type === 'string' ? WORDS[type] : `one of ${type.join(', ')}`;
    throw new EngineError('INVALID_SETTING', `${name} is ${wanted}, not ${shown(value)}`);
  }
}

const WORDS = {
  object: 'an object',
  function: 'a function',
  count: 'a whole number from 1 on',
  boolean: 'true or false',
} as const;

function isOf(type: OptionType, value: unknown): boolean {
  if (type === 'object') return typeof value === 'object' && value !== null;
  if (type === 'count') return Number.isSafeInteger(value) && (value as number) >= 1;
  return typeof type === 'string' ? typeof value === type : type.includes(value as string);
}
