import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { APIS, type Api } from '../../../server/protocol/api-keys.js';
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

interface Definition {
  readonly apiKey: number;
  readonly flexibleVersions: string;
  readonly fields: readonly DefinedField[];
  readonly commonStructs?: readonly DefinedField[];
}

/** What a field looks like on the wire of one version, whoever describes it. */
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

const here = dirname(fileURLToPath(import.meta.url));
const shared = process.env.ODRADEK_SHARED ?? resolve(here, '../../../../shared');
const folders = ['messages', 'messages-3.9']
  .map((folder) => join(shared, 'kafka-protocol', folder))
  .filter((folder) => existsSync(folder));

if (folders.length === 0) {
  test('the published definitions are not on this machine, so the tables were not compared', () => {
    expect(folders).toEqual([]);
  });
}

const cases = folders.flatMap((folder) =>
  (Object.values(APIS) as readonly Api[]).flatMap((api) => [
    { name: `${api.name}Request`, message: api.request, folder },
    { name: `${api.name}Response`, message: api.response, folder },
  ]),
);

describe.each(cases)('$name of $folder', ({ name, message, folder }) => {
  const definition = read(join(folder, `${name}.json`));

  test('is the same on the wire in every version that we implement', () => {
    expect(definition.apiKey).toBe(message.apiKey);
    for (let version = message.min; version <= message.max; version++) {
      const ours = ourFields(message, version);
      const published = publishedFields(definition, RENAMED[name] ?? {}, version);
      expect({ version, fields: ours }).toEqual({ version, fields: published });
      expect(version >= message.flexible).toBe(inText(definition.flexibleVersions, version));
    }
  });

  test('has the published default wherever one is published', () => {
    const ours = ourDefaults(message.fields, '');
    const published = publishedDefaults(definition, definition.fields, RENAMED[name] ?? {}, '');
    for (const [path, value] of ours) {
      const expected = published.get(path);
      if (expected !== undefined) expect({ path, value }).toEqual({ path, value: expected });
    }
  });
});

function read(path: string): Definition {
  return JSON.parse(readFileSync(path, 'utf8').replace(/^\s*\/\/.*$/gm, '')) as Definition;
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
        .filter((field) => inText(field.versions ?? field.taggedVersions, version))
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
  return definition.commonStructs?.find((struct) => struct.name === name)?.fields ?? null;
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
