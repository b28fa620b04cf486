import { brokerKeys } from './broker-keys.js';
import { type BrokerSettings, typedBrokerSettings } from './broker-settings.js';
import { droppedKey } from './dropped-keys.js';
import { contradictions, environmentSettings, variableOfKey } from './environment.js';
import { listenersFromAdvertised } from './image-variables.js';
import { nearestText } from './nearest-text.js';
import { parseProperties } from './properties.js';
import type { SettingTexts } from './topic-settings.js';
import { equalsDefault, parseValue, showPair } from './value.js';

/** Where a value came from, the strongest first. */
export type SettingSource = 'set' | 'environment' | 'file' | 'default';

/** One broker key with its value as DescribeConfigs shows it; null where Kafka has no default. */
export interface SettingEntry {
  readonly name: string;
  readonly text: string | null;
  readonly source: SettingSource;
  /**
   * Where the value stands, for people: `--set`, `KAFKA_NUM_PARTITIONS`, `server.properties:12`,
   * `default`.
   */
  readonly origin: string;
}

export interface SettingsInput {
  /** The arguments of `--set`, each `key=value`; the last one of a key counts. */
  readonly sets?: readonly string[];
  /** What messages call where those came from. Default: `--set`. */
  readonly setOrigin?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** The contents of the properties file, if there is one, and its name for messages. */
  readonly fileText?: string | undefined;
  readonly fileName?: string | undefined;
}

export interface ResolvedBroker {
  readonly settings: BrokerSettings;
  /** Every key of the table, sorted by name. */
  readonly entries: readonly SettingEntry[];
  /** The keys that were set, by name: the static layer of topics and of DescribeConfigs. */
  readonly brokerStatic: SettingTexts;
  /** Lines to log once. */
  readonly warnings: readonly string[];
}

/** Settings that stop the start, each problem one line that says what to do. Exit code 2. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly code = 'SETTINGS';
  /** The exit code of the command. */
  readonly exitCode = 2;
  /** One line each: where the setting came from, what is wrong, what to do. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

interface Given {
  readonly key: string;
  readonly value: string;
  readonly source: SettingSource;
  readonly origin: string;
}

/**
 * Resolves the broker's settings: --set before environment before file before default. Only the
 * strongest value of a key is judged; an unknown key is refused wherever it stands, except that an
 * unknown variable only warns.
 *
 * @throws SettingsError with every problem found.
 */
export function resolveBrokerSettings(input: SettingsInput): ResolvedBroker {
  const problems: string[] = [];
  const warnings: string[] = [];
  const given = new Map<string, Given>();
  for (const each of [
    ...fromFile(input, problems),
    ...fromEnvironment(input, problems, warnings),
    ...fromSets(input, problems),
  ]) {
    if (brokerKeys.has(each.key)) given.set(each.key, each);
    else problems.push(unknownKey(each));
  }
  mirrorNodeId(given, problems);
  deriveListeners(given);
  const entries: SettingEntry[] = [];
  const inert: string[] = [];
  for (const [name, setting] of brokerKeys) {
    const each = given.get(name);
    // An empty value for a key without a default says the same as leaving it out.
    if (each === undefined || (setting.defaultText === null && each.value.trim() === '')) {
      entries.push({ name, text: setting.defaultText, source: 'default', origin: 'default' });
      continue;
    }
    const { value, source, origin } = each;
    const parsed = parseValue(setting, value);
    const isDefault = equalsDefault(setting, value);
    if (!parsed.ok && !isDefault) {
      problems.push(`${origin}: ${showPair(setting, name, value)}: expected ${parsed.expected}`);
    } else if (setting.effect === 'promise' && !isDefault) {
      problems.push(`${origin}: ${showPair(setting, name, value)} is refused: ${setting.reason}`);
    } else if (setting.effect === 'inert' && !isDefault) {
      inert.push(name);
    }
    entries.push({ name, text: parsed.ok ? parsed.text : value, source, origin });
  }
  if (inert.length > 0) {
    warnings.push(`accepted, but this broker has nothing that they control: ${inert.join(', ')}`);
  }
  // Relations between keys are checked only once each key is valid.
  if (problems.length > 0) throw new SettingsError(problems);
  const brokerStatic = staticTexts(entries);
  const typed = typedBrokerSettings(brokerStatic);
  if (typed.problems.length > 0) throw new SettingsError(typed.problems);
  warnings.push(...typed.warnings);
  return { settings: typed.settings, entries, brokerStatic, warnings };
}

function staticTexts(entries: readonly SettingEntry[]): SettingTexts {
  const texts: Record<string, string> = {};
  for (const { name, text, source } of entries) {
    if (source !== 'default' && text !== null) texts[name] = text;
  }
  return texts;
}

function fromFile({ fileText, fileName }: SettingsInput, problems: string[]): Given[] {
  if (fileText === undefined) return [];
  const file = fileName ?? 'server.properties';
  const parsed = parseProperties(fileText);
  for (const { line, message } of parsed.problems) problems.push(`${file}:${line}: ${message}`);
  return parsed.properties.map(({ key, value, line }) => ({
    key,
    value,
    source: 'file' as const,
    origin: `${file}:${line}`,
  }));
}

function fromEnvironment(
  { environment }: SettingsInput,
  problems: string[],
  warnings: string[],
): Given[] {
  const given: Given[] = [];
  const settings = environmentSettings(environment ?? {});
  problems.push(...contradictions(settings));
  const variables = [...brokerKeys.keys()].map(variableOfKey);
  for (const { variable, key, value } of settings) {
    if (brokerKeys.has(key)) {
      given.push({ key, value, source: 'environment', origin: variable });
      continue;
    }
    const nearest = nearestText('; the nearest one is ', variable, variables);
    warnings.push(`environment variable ${variable} names no setting and is ignored${nearest}`);
  }
  return given;
}

function fromSets(
  { sets, setOrigin: origin = '--set' }: SettingsInput,
  problems: string[],
): Given[] {
  const given: Given[] = [];
  for (const argument of sets ?? []) {
    const equals = argument.indexOf('=');
    const key = argument.slice(0, Math.max(equals, 0)).trim();
    if (key === '') {
      problems.push(
        `--set ${JSON.stringify(argument)}: expected key=value, such as --set num.partitions=3`,
      );
      continue;
    }
    given.push({ key, value: argument.slice(equals + 1), source: 'set', origin });
  }
  return given;
}

function unknownKey({ key, origin }: Given): string {
  if (key.startsWith('listener.name.')) {
    return `${origin}: ${JSON.stringify(key)}: this broker has no settings of a single listener; remove the key`;
  }
  const shown = JSON.stringify(key);
  const dropped = droppedKey(key);
  if (dropped !== null) return `${origin}: ${shown} ${dropped}; remove it`;
  const nearest = nearestText('; did you mean ', key, brokerKeys.keys());
  return nearest === ''
    ? `${origin}: unknown key ${shown}: neither Apache Kafka 4.3 nor this broker has it; remove it`
    : `${origin}: unknown key ${shown}${nearest}? Correct it or remove it`;
}

/** broker.id is the older name of node.id: whichever is set stands for both, as in Kafka. */
function mirrorNodeId(given: Map<string, Given>, problems: string[]): void {
  const node = given.get('node.id');
  const broker = given.get('broker.id');
  const brokerSays = broker !== undefined && broker.value.trim() !== '-1';
  if (node !== undefined && brokerSays && node.value.trim() !== broker.value.trim()) {
    problems.push(
      `${broker.origin}: broker.id=${broker.value.trim()} and node.id=${node.value.trim()} differ: set only node.id`,
    );
  } else if (node !== undefined) {
    given.set('broker.id', { ...node, key: 'broker.id' });
  } else if (brokerSays) {
    given.set('node.id', { ...broker, key: 'node.id' });
  }
}

/** Whoever sets only the advertised listeners in the environment has the images' derivation. */
function deriveListeners(given: Map<string, Given>): void {
  const advertised = given.get('advertised.listeners');
  const listeners = given.get('listeners');
  if (advertised?.source !== 'environment') return;
  if (listeners !== undefined && listeners.source !== 'file') return;
  const value = listenersFromAdvertised(advertised.value, listeners?.value ?? null);
  if (value !== null) given.set('listeners', { ...advertised, key: 'listeners', value });
}
