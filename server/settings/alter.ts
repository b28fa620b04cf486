import { brokerKeys } from './broker-keys.js';
import { nearestName } from './nearest.js';
import type { Setting } from './setting.js';
import { topicKeys } from './topic-keys.js';
import { type SettingTexts, textOf, validateTopicOverrides } from './topic-settings.js';
import { equalsDefault, parseValue, showPair, splitList, tooLong } from './value.js';

/** OpType of IncrementalAlterConfigs (KIP-339): 0, 1, 2, 3 on the wire, in this order. */
export const alterOperations = ['SET', 'DELETE', 'APPEND', 'SUBTRACT'] as const;
export type AlterOperation = (typeof alterOperations)[number];

export interface ConfigChange {
  readonly name: string;
  readonly operation: AlterOperation;
  readonly value: string | null;
}

/** The new overrides as a whole, or the wire error by name; then nothing is to be changed. */
export type AlterResult =
  | { readonly ok: true; readonly overrides: SettingTexts }
  | {
      readonly ok: false;
      readonly error: 'INVALID_REQUEST' | 'INVALID_CONFIG';
      readonly message: string;
    };

/**
 * Applies changes to the overrides of a topic, or to a broker's dynamic settings: all of them or
 * none. The given overrides are left as they are. APPEND and SUBTRACT start from the override or,
 * without one, from the default of the table, as in Kafka.
 */
export function applyAlterConfigs(
  resource: 'topic' | 'broker',
  overrides: SettingTexts,
  changes: readonly ConfigChange[],
): AlterResult {
  const table: ReadonlyMap<string, Setting> = resource === 'topic' ? topicKeys : brokerKeys;
  const result: Record<string, string> = { ...overrides };
  const seen = new Set<string>();
  for (const { name, operation, value } of changes) {
    const shown = JSON.stringify(name.slice(0, 200));
    if (seen.has(name)) return failed('INVALID_REQUEST', `${shown} occurs twice in one request`);
    seen.add(name);
    // Of a key that is not there, or cannot be, nothing is left either.
    if (operation === 'DELETE') {
      delete result[name];
      continue;
    }
    const setting = table.get(name);
    if (setting === undefined) {
      const nearest = nearestName(name, table.keys());
      return failed(
        'INVALID_CONFIG',
        `Unknown ${resource} config name: ${shown}; the nearest one is ${nearest}`,
      );
    }
    if (!setting.dynamic) {
      return failed(
        'INVALID_REQUEST',
        `${name} cannot be changed while the broker runs: set it at the start`,
      );
    }
    if (value === null) return failed('INVALID_REQUEST', `${name}: ${operation} needs a value`);
    const long = tooLong(name, value);
    if (long !== undefined) return failed('INVALID_CONFIG', long);
    if (operation === 'SET') {
      result[name] = value;
    } else if (setting.type === 'list') {
      const elements = splitList(textOf(result, name) ?? setting.defaultText ?? '');
      result[name] = changedList(elements, operation, splitList(value)).join(',');
    } else {
      return failed(
        'INVALID_CONFIG',
        `${name}: ${operation} is for lists, and this key is of type ${setting.type}`,
      );
    }
  }
  const problem =
    resource === 'topic' ? validateTopicOverrides(result)[0]?.message : brokerProblem(result, seen);
  return problem === undefined
    ? { ok: true, overrides: result }
    : failed('INVALID_CONFIG', problem);
}

function changedList(
  elements: readonly string[],
  operation: 'APPEND' | 'SUBTRACT',
  given: readonly string[],
): string[] {
  if (operation === 'SUBTRACT') {
    const taken = new Set(given);
    return elements.filter((element) => !taken.has(element));
  }
  return [...new Set([...elements, ...given])];
}

function brokerProblem(texts: SettingTexts, changed: ReadonlySet<string>): string | undefined {
  for (const name of changed) {
    const setting = brokerKeys.get(name);
    const text = textOf(texts, name);
    if (setting === undefined || text === undefined) continue;
    const long = tooLong(name, text);
    if (long !== undefined) return long;
    const parsed = parseValue(setting, text);
    if (!parsed.ok) {
      return `Invalid value: ${showPair(setting, name, text)}: expected ${parsed.expected}`;
    }
    if (setting.effect === 'promise' && !equalsDefault(setting, text)) {
      return `${showPair(setting, name, text)} is refused: ${setting.reason}`;
    }
  }
  return undefined;
}

function failed(error: 'INVALID_REQUEST' | 'INVALID_CONFIG', message: string): AlterResult {
  return { ok: false, error, message };
}
