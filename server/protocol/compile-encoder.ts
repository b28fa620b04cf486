import type { WireVersion } from './compile-decoder.js';
import { type Field, type Fields, type FieldType, inRange, type RecordsInput } from './schema.js';
import { structWriter, type WrittenField } from './struct-source.js';
import type { Writer } from './writer.js';

/** Writes one value; the type behind `unknown` is the one that the table infers. */
export type Encode = (writer: Writer, value: unknown) => void;

type Struct = Readonly<Record<string, unknown>>;

interface TaggedField {
  readonly name: string;
  readonly encode: Encode;
  readonly tag: number;
  readonly isDefault: (value: unknown) => boolean;
}

/** One untagged field: its encoder, and the value that stands for a missing one. */
export interface PlainField extends WrittenField {
  readonly encode: Encode;
}

/**
 * The untagged fields of a structure in one version, in order, and the writer of its tagged ones.
 */
export function structEncoders(
  fields: Fields,
  wire: WireVersion,
): { readonly plain: readonly PlainField[]; readonly encodeTags: Encode } {
  const plain: PlainField[] = [];
  const tagged: TaggedField[] = [];
  for (const [name, field] of Object.entries(fields)) {
    if (!inRange(field.versions, wire.version)) continue;
    const nullable = inRange(field.nullable, wire.version);
    const encode = compileEncoder(field.type, nullable, wire, name);
    const { tag, optional, default: fallback } = field;
    if (tag === null) plain.push({ name, encode, optional, fallback });
    else tagged.push({ name, encode, tag, isDefault: compileIsDefault(field) });
  }
  tagged.sort((a, b) => a.tag - b.tag);

  if (!wire.flexible) return { plain, encodeTags: () => {} };
  return { plain, encodeTags: (writer, value) => writeTags(writer, value as Struct, tagged) };
}

/**
 * Builds the encoder of a structure in one version. A missing value is written as its default; a
 * `TypeError` names the field if it has none.
 */
export function compileStructEncoder(fields: Fields, wire: WireVersion): Encode {
  const { plain, encodeTags } = structEncoders(fields, wire);
  const encodePlain = structWriter<Writer, Struct>(plain);
  if (!wire.flexible) return (writer, value) => encodePlain(writer, value as Struct);
  return (writer, value) => {
    encodePlain(writer, value as Struct);
    encodeTags(writer, value);
  };
}

/** Tags come in ascending order, and only where the value is not the default (KIP-482). */
function writeTags(writer: Writer, value: Struct, tagged: readonly TaggedField[]): void {
  let count = 0;
  for (let i = 0; i < tagged.length; i++) {
    if (!tagged[i]!.isDefault(value[tagged[i]!.name])) count++;
  }
  writer.uvarint(count);
  if (count === 0) return;
  for (const { name, tag, encode, isDefault } of tagged) {
    const fieldValue = value[name];
    if (isDefault(fieldValue)) continue;
    writer.uvarint(tag);
    const begin = writer.beginTag();
    encode(writer, fieldValue);
    writer.endTag(begin);
  }
}

/** A missing value counts as the default. */
function compileIsDefault({ type, default: fallback }: Field): (value: unknown) => boolean {
  if (type.kind === 'array' && fallback !== null) {
    return (value) => value === undefined || (value as readonly unknown[] | null)?.length === 0;
  }
  if ((type.kind === 'bytes' || type.kind === 'records') && fallback !== null) {
    return (value) => value === undefined || (value as Uint8Array | null)?.byteLength === 0;
  }
  if (type.kind === 'struct' && fallback !== null) {
    const parts = Object.entries(type.fields).map(
      ([name, field]) => [name, compileIsDefault(field)] as const,
    );
    return (value) =>
      value === undefined ||
      value === fallback ||
      (value !== null && parts.every(([name, isDefault]) => isDefault((value as Struct)[name])));
  }
  return (value) => value === undefined || value === fallback;
}

/** Builds the encoder of a value of any type; `name` is that of its field, for errors. */
export function compileEncoder(
  type: FieldType,
  nullable: boolean,
  wire: WireVersion,
  name: string,
): Encode {
  const { flexible, version } = wire;
  const notNull = <T>(value: T | null): T => {
    if (value === null) throw new TypeError(`${name} cannot be null in version ${version}`);
    return value;
  };
  switch (type.kind) {
    case 'bool':
      return (writer, value) => writer.bool(value as boolean);
    case 'int8':
      return (writer, value) => writer.int8(value as number);
    case 'int16':
      return (writer, value) => writer.int16(value as number);
    case 'uint16':
      return (writer, value) => writer.uint16(value as number);
    case 'int32':
      return (writer, value) => writer.int32(value as number);
    case 'uint32':
      return (writer, value) => writer.uint32(value as number);
    case 'int64':
      return type.beyond === 'exact'
        ? (writer, value) => writer.int64Exact(value as number | bigint)
        : (writer, value) => writer.int64(value as number);
    case 'float64':
      return (writer, value) => writer.float64(value as number);
    case 'uuid':
      return (writer, value) => writer.uuid(value as string);
    case 'string':
      if (nullable) {
        return flexible
          ? (writer, value) => writer.compactNullableString(value as string | null)
          : (writer, value) => writer.nullableString(value as string | null);
      }
      return flexible
        ? (writer, value) => writer.compactString(notNull(value as string | null))
        : (writer, value) => writer.string(notNull(value as string | null));
    case 'bytes':
    case 'records': {
      const checked = (value: unknown): RecordsInput | null =>
        nullable ? (value as RecordsInput | null) : notNull(value as RecordsInput | null);
      return flexible
        ? (writer, value) => writer.compactBytes(checked(value))
        : (writer, value) => writer.bytes(checked(value));
    }
    case 'array': {
      const encode = compileEncoder(type.element, false, wire, name);
      return (writer, value) => {
        const values = value as readonly unknown[] | null;
        if (values === null && !nullable) notNull(values);
        const count = values === null ? -1 : values.length;
        if (flexible) writer.uvarint(count + 1);
        else writer.int32(count);
        for (let i = 0; i < count; i++) encode(writer, values![i]);
      };
    }
    case 'struct': {
      const encode = compileStructEncoder(type.fields, wire);
      if (!nullable) return (writer, value) => encode(writer, notNull(value));
      return (writer, value) => {
        writer.int8(value === null ? -1 : 1);
        if (value !== null) encode(writer, value);
      };
    }
  }
}
