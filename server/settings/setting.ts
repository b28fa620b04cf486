/** Kafka's ConfigDef types, as DescribeConfigs names them. */
export type SettingType =
  | 'boolean'
  | 'string'
  | 'int'
  | 'short'
  | 'long'
  | 'double'
  | 'list'
  | 'class'
  | 'password';

/**
 * The conditions on a value beyond its type. Bounds are inclusive. `or` is one number allowed
 * outside the bounds; `oneOf` holds for a string or for each element of a list.
 */
export interface ValidValues {
  readonly min?: number;
  readonly max?: number;
  readonly or?: number;
  readonly oneOf?: readonly string[];
  readonly anyCase?: boolean;
}

/**
 * The effect of a value other than the default: it is honoured, there is nothing that it could
 * control, or it is refused by name because ignoring it would weaken a promise.
 */
export type Effect = 'takes-effect' | 'inert' | 'promise';

/** One key of a table of settings. */
export interface Setting {
  readonly name: string;
  readonly type: SettingType;
  /** The default as DescribeConfigs shows it; null where Kafka has none. */
  readonly defaultText: string | null;
  readonly valid: ValidValues;
  readonly effect: Effect;
  /** Why a value other than the default is refused, and what to do; present for 'promise' only. */
  readonly reason: string | null;
  /** One line; present for keys that take effect. */
  readonly doc: string | null;
  /** True if clients may change it while the broker runs. */
  readonly dynamic: boolean;
}

/** The compact form in which the tables are written: name, type, default, valid values. */
export type SettingRow = readonly [
  name: string,
  type: SettingType,
  defaultText: string | null,
  valid?: ValidValues,
];

/** Secrets are never shown, logged or returned, as in Kafka. */
export function isSensitive(setting: Setting): boolean {
  return setting.type === 'password';
}

/** The text of a key in DescribeConfigs: its effect, or why it has none here. */
export function documentationOf({ doc, effect, reason }: Setting): string {
  if (doc !== null) return doc;
  return effect === 'promise'
    ? `Only the default is accepted: ${reason}.`
    : 'Accepted, and without effect: this broker has nothing that it controls.';
}

/** A row of one of the tables as a full setting. */
export function settingOf(
  row: SettingRow,
  rest: Partial<Pick<Setting, 'effect' | 'reason' | 'doc' | 'dynamic'>>,
): Setting {
  const [name, type, defaultText, valid = {}] = row;
  return {
    name,
    type,
    defaultText,
    valid,
    effect: rest.effect ?? 'takes-effect',
    reason: rest.reason ?? null,
    doc: rest.doc ?? null,
    dynamic: rest.dynamic ?? false,
  };
}

/**
 * A table by name, sorted as DescribeConfigs lists it. A name that occurs twice is a broken table.
 */
export function tableOf(settings: readonly Setting[]): ReadonlyMap<string, Setting> {
  const table = new Map<string, Setting>();
  for (const setting of [...settings].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (table.has(setting.name)) throw new Error(`setting ${setting.name} is in the table twice`);
    table.set(setting.name, setting);
  }
  return table;
}
