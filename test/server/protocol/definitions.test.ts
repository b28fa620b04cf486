import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { APIS } from '../../../server/handlers/apis.js';
import type { Api } from '../../../server/protocol/api.js';
import {
  type Field,
  type Fields,
  type FieldType,
  inRange,
  type Message,
} from '../../../server/protocol/schema.js';

/** One field of a published definition, as far as the wire is concerned. */
interface DefinedField {
  readonly name: string;
  readonly type: string;
  readonly versions?: string;
  readonly nullableVersions?: string;
  readonly taggedVersions?: string;
  readonly tag?: number;
  readonly default?: string | number | boolean;
  readonly fields?: readonly DefinedField[];
}

/** One line of the golden: what one release publishes of one message. */
interface Definition {
  readonly name: string;
  readonly source: string;
  readonly validVersions: string;
  readonly apiKey: number;
  readonly flexibleVersions: string;
  readonly fields: readonly DefinedField[];
  readonly structs?: readonly DefinedField[];
}

/** The form of a field on the wire in one version, by either description. */
interface WireField {
  readonly path: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly tag: number | null;
}

/** Our names where they are not the published ones. */
const RENAMED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ProduceRequest: { TopicData: 'topics', PartitionData: 'partitions' },
  ProduceResponse: { Responses: 'topics', PartitionResponses: 'partitions' },
  FetchResponse: { Responses: 'topics' },
};

const golden = fileURLToPath(new URL('../../golden/protocol/', import.meta.url));
const definitions = readFileSync(join(golden, 'definitions.jsonl'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Definition);

const cases = (Object.values(APIS) as readonly Api[]).flatMap((api) => [
  { name: `${api.name}Request`, message: api.request },
  { name: `${api.name}Response`, message: api.response },
]);

describe.each(cases)('$name', ({ name, message }) => {
  const published = definitions.filter((definition) => definition.name === name);

  test('is the same on the wire as each release that has the version, and one has it', () => {
    for (let version = message.min; version <= message.max; version++) {
      const having = published.filter(({ validVersions }) => inText(validVersions, version));
      expect({ version, published: having.length > 0 }).toEqual({ version, published: true });
      const fields = ourFields(message, version);
      const flexible = version >= message.flexible;
      for (const definition of having) {
        const { source, apiKey, flexibleVersions } = definition;
        expect({ version, source, apiKey: message.apiKey, flexible, fields }).toEqual({
          version,
          source,
          apiKey,
          flexible: inText(flexibleVersions, version),
          fields: publishedFields(definition, RENAMED[name] ?? {}, version),
        });
      }
    }
  });

  test('has the published default wherever one is published', () => {
    const ours = ourDefaults(message.fields, '');
    for (const definition of published) {
      const theirs = publishedDefaults(definition, definition.fields, RENAMED[name] ?? {}, '');
      for (const [path, value] of ours) {
        const expected = theirs.get(path);
        if (expected !== undefined) expect({ path, value }).toEqual({ path, value: expected });
      }
    }
  });
});

test('a table that leaves a published one by a type, a tag or a version is seen', () => {
  const published = definitions.find(({ name }) => name === 'HeartbeatRequest')!;
  const { message: heartbeat } = cases.find(({ name }) => name === 'HeartbeatRequest')!;
  const same = JSON.stringify(publishedFields(published, {}, heartbeat.max));
  expect(JSON.stringify(ourFields(heartbeat, heartbeat.max))).toBe(same);
  for (const change of [{ type: 'int64' }, { versions: '0-1' }, { taggedVersions: '0+', tag: 0 }]) {
    const changed = published.fields.map((field) =>
      field.name === 'GenerationId' ? { ...field, ...change } : field,
    );
    const other = JSON.stringify(
      publishedFields({ ...published, fields: changed }, {}, heartbeat.max),
    );
    expect(other).not.toBe(same);
  }
});

// A clone has the golden alone; it is compared where the published definitions are beside it.
const shared = process.env.ODRADEK_SHARED ?? resolve(golden, '../../../../shared');
if (existsSync(shared)) {
  test('the golden is what its command makes of the published definitions', () => {
    const distilled = execFileSync(
      'node',
      [join(golden, 'distil.mjs'), join(shared, 'kafka-protocol'), '-'],
      { encoding: 'utf8', maxBuffer: 2 ** 24 },
    );
    expect(distilled).toBe(readFileSync(join(golden, 'definitions.jsonl'), 'utf8'));
  });
}

function inText(range: string | undefined, version: number): boolean {
  const match = /^(\d+)(\+|-(\d+))?$/.exec(range ?? 'none');
  if (match === null) return false;
  const min = Number(match[1]);
  const max = match[2] === '+' ? Number.POSITIVE_INFINITY : Number(match[3] ?? min);
  return version >= min && version <= max;
}

/** Fields in wire order: those with a place, then the tagged ones by tag. */
function sorted(fields: readonly WireField[][]): WireField[] {
  const tagOf = (group: readonly WireField[]) => group[0]!.tag ?? -1;
  return [...fields].sort((a, b) => tagOf(a) - tagOf(b)).flat();
}

function ourFields(message: Message, version: number): WireField[] {
  const list = (fields: Fields, prefix: string): WireField[] =>
    sorted(
      Object.entries(fields)
        .filter(([, field]) => inRange(field.versions, version))
        .map(([name, field]) => {
          const path = prefix + name;
          const inner = structOf(field.type);
          return [
            {
              path,
              type: typeName(field.type),
              nullable: inRange(field.nullable, version),
              tag: field.tag,
            },
            ...(inner === null ? [] : list(inner, `${path}.`)),
          ];
        }),
    );
  return list(message.fields, '');
}

function typeName(type: FieldType): string {
  return type.kind === 'array' ? `[]${typeName(type.element)}` : type.kind;
}

function structOf(type: FieldType): Fields | null {
  if (type.kind === 'array') return structOf(type.element);
  return type.kind === 'struct' ? type.fields : null;
}

function publishedFields(
  definition: Definition,
  renamed: Readonly<Record<string, string>>,
  version: number,
): WireField[] {
  const list = (fields: readonly DefinedField[], prefix: string): WireField[] =>
    sorted(
      fields
        .filter((field) => inText(field.versions ?? '0+', version))
        .map((field) => {
          const path = prefix + nameOf(field, renamed);
          const inner = innerOf(definition, field);
          return [
            {
              path,
              type:
                inner === null ? field.type : `${field.type.startsWith('[]') ? '[]' : ''}struct`,
              nullable: inText(field.nullableVersions, version),
              tag: inText(field.taggedVersions, version) ? (field.tag ?? null) : null,
            },
            ...(inner === null ? [] : list(inner, `${path}.`)),
          ];
        }),
    );
  return list(definition.fields, '');
}

function nameOf(field: DefinedField, renamed: Readonly<Record<string, string>>): string {
  return renamed[field.name] ?? field.name[0]!.toLowerCase() + field.name.slice(1);
}

function innerOf(definition: Definition, field: DefinedField): readonly DefinedField[] | null {
  if (field.fields !== undefined) return field.fields;
  const name = field.type.replace('[]', '');
  return definition.structs?.find((struct) => struct.name === name)?.fields ?? null;
}

function ourDefaults(fields: Fields, prefix: string): Map<string, unknown> {
  const defaults = new Map<string, unknown>();
  for (const [name, field] of Object.entries(fields) as [string, Field][]) {
    defaults.set(prefix + name, field.default);
    const inner = structOf(field.type);
    if (inner === null) continue;
    for (const [path, value] of ourDefaults(inner, `${prefix + name}.`)) defaults.set(path, value);
  }
  return defaults;
}

function publishedDefaults(
  definition: Definition,
  fields: readonly DefinedField[],
  renamed: Readonly<Record<string, string>>,
  prefix: string,
): Map<string, unknown> {
  const defaults = new Map<string, unknown>();
  for (const field of fields) {
    const path = prefix + nameOf(field, renamed);
    if (field.default !== undefined) defaults.set(path, parsedDefault(field));
    const inner = innerOf(definition, field);
    if (inner === null) continue;
    for (const [innerPath, value] of publishedDefaults(definition, inner, renamed, `${path}.`)) {
      defaults.set(innerPath, value);
    }
  }
  return defaults;
}

function parsedDefault({ type, default: text }: DefinedField): unknown {
  if (text === 'null') return null;
  if (type === 'bool') return String(text) === 'true';
  return type === 'string' ? text : Number(text);
}
