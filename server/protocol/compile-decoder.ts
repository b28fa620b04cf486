import { ProtocolError } from './protocol-error.js';
import type { Reader } from './reader.js';
import { type Field, type Fields, type FieldType, inRange } from './schema.js';
import { type ReadField, structReader } from './struct-source.js';

/** Reads one value; the type behind `unknown` is the one that the table infers. */
export type Decode = (reader: Reader) => unknown;

/** The version for which a decoder is made. */
export interface WireVersion {
  readonly version: number;
  /** Whether compact encodings and tagged sections apply (KIP-482). */
  readonly flexible: boolean;
}

/** Builds the decoder of a structure in one version. */
export function compileStructDecoder(fields: Fields, wire: WireVersion): Decode {
  const read: ReadField[] = Object.entries(fields).map(([name, field]) => ({
    name,
    fallback: field.default,
    decode: decodePlainField(field, wire),
  }));
  const decodePlain = structReader<Reader, Record<string, unknown>>(read);
  if (!wire.flexible) return decodePlain;
  const decodeTags = tagsDecoder(fields, wire);
  return (reader) => {
    const value = decodePlain(reader);
    decodeTags(reader, value);
    return value;
  };
}

/** Null for a field that is not on the wire, or not at its place. */
export function decodePlainField(field: Field, wire: WireVersion): Decode | null {
  if (field.tag !== null || !inRange(field.versions, wire.version)) return null;
  return compileFieldDecoder(field, wire);
}

/** Reads the tagged section behind a structure into its value. */
export function tagsDecoder(
  fields: Fields,
  wire: WireVersion,
): (reader: Reader, value: Record<string, unknown>) => void {
  if (!wire.flexible) return () => {};
  const tags = new Map<number, { name: string; decode: Decode }>();
  for (const [name, field] of Object.entries(fields)) {
    if (field.tag === null || !inRange(field.versions, wire.version)) continue;
    tags.set(field.tag, { name, decode: compileFieldDecoder(field, wire) });
  }
  if (tags.size === 0) return (reader) => reader.skipTags();
  return (reader, value) => {
    const count = reader.tagCount();
    for (let i = 0; i < count; i++) {
      const tag = tags.get(reader.uvarint());
      const size = reader.uvarint();
      if (tag === undefined) reader.skip(size);
      else value[tag.name] = decodeTag(reader, size, tag.decode);
    }
  };
}

function decodeTag(reader: Reader, size: number, decode: Decode): unknown {
  const start = reader.position;
  const value = decode(reader);
  if (reader.position !== start + size) {
    throw new ProtocolError('BAD_TAG', `tagged field at byte ${start} is not ${size} bytes long`);
  }
  return value;
}

function compileFieldDecoder(field: Field, wire: WireVersion): Decode {
  return compileDecoder(field.type, inRange(field.nullable, wire.version), wire);
}

/** Builds the decoder of one type. */
export function compileDecoder(type: FieldType, nullable: boolean, wire: WireVersion): Decode {
  const { flexible } = wire;
  switch (type.kind) {
    case 'bool':
      return (reader) => reader.bool();
    case 'int8':
      return (reader) => reader.int8();
    case 'int16':
      return (reader) => reader.int16();
    case 'uint16':
      return (reader) => reader.uint16();
    case 'int32':
      return (reader) => reader.int32();
    case 'uint32':
      return (reader) => reader.uint32();
    case 'int64':
      if (type.beyond === 'exact') return (reader) => reader.int64Exact();
      return type.beyond === 'clamped'
        ? (reader) => reader.int64Clamped()
        : (reader) => reader.int64();
    case 'float64':
      return (reader) => reader.float64();
    case 'uuid':
      return (reader) => reader.uuid();
    case 'string':
      if (nullable) {
        return flexible
          ? (reader) => reader.compactNullableString()
          : (reader) => reader.nullableString();
      }
      return flexible ? (reader) => reader.compactString() : (reader) => reader.string();
    case 'bytes':
    case 'records':
      if (nullable) {
        return flexible
          ? (reader) => reader.compactNullableBytes()
          : (reader) => reader.nullableBytes();
      }
      return flexible ? (reader) => reader.compactBytes() : (reader) => reader.bytes();
    case 'array':
      return compileArrayDecoder(type.element, nullable, wire);
    case 'struct': {
      const decode = compileStructDecoder(type.fields, wire);
      return nullable ? (reader) => (reader.int8() < 0 ? null : decode(reader)) : decode;
    }
  }
}

function compileArrayDecoder(element: FieldType, nullable: boolean, wire: WireVersion): Decode {
  const decode = compileDecoder(element, false, wire);
  const countOf = announcedCount(element, nullable, wire);
  return (reader) => {
    const count = countOf(reader);
    if (count === null) return null;
    const values = new Array<unknown>(count);
    for (let i = 0; i < count; i++) values[i] = decode(reader);
    return values;
  };
}

/** Reads the count of an array, and checks that the bytes can hold as many; null for no array. */
export function announcedCount(
  element: FieldType,
  nullable: boolean,
  { version, flexible }: WireVersion,
): (reader: Reader) => number | null {
  const elementSizeMin = Math.max(1, smallestSize(element, false, { version, flexible }));
  return (reader) => {
    const announced = flexible ? reader.uvarint() - 1 : reader.int32();
    return announced === -1 && nullable ? null : reader.count(announced, elementSizeMin);
  };
}

/** Fewest bytes that a value can take on the wire. */
function smallestSize(type: FieldType, nullable: boolean, wire: WireVersion): number {
  switch (type.kind) {
    case 'bool':
    case 'int8':
      return 1;
    case 'int16':
    case 'uint16':
      return 2;
    case 'int32':
    case 'uint32':
      return 4;
    case 'int64':
    case 'float64':
      return 8;
    case 'uuid':
      return 16;
    case 'string':
      return wire.flexible ? 1 : 2;
    case 'bytes':
    case 'records':
    case 'array':
      return wire.flexible ? 1 : 4;
    case 'struct': {
      if (nullable) return 1;
      let size = wire.flexible ? 1 : 0;
      for (const field of Object.values(type.fields)) {
        if (field.tag !== null || !inRange(field.versions, wire.version)) continue;
        size += smallestSize(field.type, inRange(field.nullable, wire.version), wire);
      }
      return size;
    }
  }
}
