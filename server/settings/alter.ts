import { brokerKeys } from './broker-keys.js';
import { nearestText } from './nearest-text.js';
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

/** The wire error by name; nothing is changed then. */
export interface AlterFailure {
  readonly ok: false;
  readonly error: 'INVALID_REQUEST' | 'INVALID_CONFIG';
  readonly message: string;
}

/** The new overrides as a whole, or why there are none. */
export type AlterResult = { readonly ok: true; readonly overrides: SettingTexts } | AlterFailure;

/** A change to a key that is known, with a text of its type. */
interface Replacement {
  readonly setting: Setting;
  readonly operation: Exclude<AlterOperation, 'DELETE'>;
  readonly value: string;
}

/**
 * Changes to the overrides of a topic, or to a broker's dynamic settings. They are checked one by
 * one, as they are added; `applyTo` does not depend on how many a request names, nor on how few of
 * them are settings.
 */
export class AlterChanges {
  readonly #resource: 'topic' | 'broker';
  readonly #table: ReadonlyMap<string, Setting>;
  readonly #names = new Set<string>();
  readonly #deleted = new Set<string>();
  readonly #replacements: Replacement[] = [];

  constructor(resource: 'topic' | 'broker') {
    this.#resource = resource;
    this.#table = resource === 'topic' ? topicKeys : brokerKeys;
  }

  /** Takes in one more change, or returns why none of the changes may be made. */
  add({ name, operation, value }: ConfigChange): AlterFailure | null {
    const shown = JSON.stringify(name.slice(0, 200));
    if (this.#names.has(name)) {
      return failed('INVALID_REQUEST', `${shown} occurs twice in one request`);
    }
    this.#names.add(name);
    // The deletion of a key that is not set, or does not exist, changes nothing.
    if (operation === 'DELETE') {
      this.#deleted.add(name);
      return null;
    }
    const setting = this.#table.get(name);
    if (setting === undefined) {
      const nearest = nearestText('; the nearest one is ', name, this.#table.keys());
      return failed('INVALID_CONFIG', `Unknown ${this.#resource} config name: ${shown}${nearest}`);
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
    if (operation !== 'SET' && setting.type !== 'list') {
      return failed(
        'INVALID_CONFIG',
        `${name}: ${operation} is for lists, and this key is of type ${setting.type}`,
      );
    }
    this.#replacements.push({ setting, operation, value });
    return null;
  }

  /**
   * Makes all of the changes or none. The given overrides are not changed. APPEND and SUBTRACT
   * start from the override or, without one, from the default of the table, as in Kafka.
   */
  applyTo(overrides: SettingTexts): AlterResult {
    const kept = Object.entries(overrides).filter(([name]) => !this.#deleted.has(name));
    const result: Record<string, string> = Object.fromEntries(kept);
    for (const { setting, operation, value } of this.#replacements) {
      const { name } = setting;
      if (operation === 'SET') {
        result[name] = value;
      } else {
        const elements = splitList(textOf(result, name) ?? setting.defaultText ?? '');
        result[name] = changedList(elements, operation, splitList(value)).join(',');
      }
    }
    const problem =
      this.#resource === 'topic' ? topicProblem(result) : brokerProblem(result, this.#replacements);
    return problem === undefined
      ? { ok: true, overrides: result }
      : failed('INVALID_CONFIG', problem);
  }
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

function topicProblem(texts: SettingTexts): string | undefined {
  const [problem] = validateTopicOverrides(texts);
  return problem?.message;
}

function brokerProblem(texts: SettingTexts, changed: readonly Replacement[]): string | undefined {
  for (const { setting } of changed) {
    const { name } = setting;
    const text = textOf(texts, name);
    if (text === undefined) continue;
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

function failed(error: 'INVALID_REQUEST' | 'INVALID_CONFIG', message: string): AlterFailure {
  return { ok: false, error, message };
}
