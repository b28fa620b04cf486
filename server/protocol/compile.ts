import { compileStructDecoder } from './compile-decoder.js';
import { compileStructEncoder } from './compile-encoder.js';
import { compileDecoderInSlices, type DecodeInSlices } from './decode-in-slices.js';
import {
  compileEncoderInSlices,
  compileWeigh,
  type EncodeInSlices,
  type Slices,
} from './encode-in-slices.js';
import type { Reader } from './reader.js';
import type { Fields, Schema, StructInput, StructValue } from './schema.js';
import type { Writer } from './writer.js';

/** Reads and writes one version of a message. Has no state of its own: share it freely. */
export interface Codec<V, I> {
  /** Throws a `ProtocolError` if the bytes are not such a message. */
  readonly decode: (reader: Reader) => V;
  /** Throws a `TypeError` or `RangeError` if the value is not such a message. */
  readonly encode: (writer: Writer, value: I) => void;
  /** As `decode`, with pauses; made on first use. Rejects where `decode` throws. */
  readonly decodeInSlices: (reader: Reader, slices: Slices) => Promise<V>;
  /** As `encode`, with pauses; made on first use. */
  readonly encodeInSlices: (writer: Writer, value: I, slices: Slices) => Promise<void>;
  /** Array elements in a value; counting stops beyond `enough`. */
  readonly weigh: (value: I, enough: number) => number;
}

const compiled = new WeakMap<Schema, Codec<unknown, unknown>[]>();

/**
 * The codec of a table in one version, compiled on first use and kept.
 *
 * @throws RangeError if the table does not implement the version; check it first
 */
export function codec<F extends Fields>(
  schema: Schema<F>,
  version: number,
): Codec<StructValue<F>, StructInput<F>> {
  const known = compiled.get(schema)?.[version];
  return (known ?? compile(schema, version)) as Codec<StructValue<F>, StructInput<F>>;
}

function compile(schema: Schema, version: number): Codec<unknown, unknown> {
  if (!(version >= schema.min && version <= schema.max && Number.isInteger(version))) {
    throw new RangeError(`version ${version} is not in ${schema.min}-${schema.max}`);
  }
  const wire = { version, flexible: version >= schema.flexible };
  let inSlices: EncodeInSlices | undefined;
  let readInSlices: DecodeInSlices | undefined;
  const made: Codec<unknown, unknown> = {
    decode: compileStructDecoder(schema.fields, wire),
    encode: compileStructEncoder(schema.fields, wire),
    decodeInSlices: (reader, slices) => {
      readInSlices ??= compileDecoderInSlices(schema.fields, wire);
      return readInSlices(reader, slices);
    },
    encodeInSlices: (writer, value, slices) => {
      inSlices ??= compileEncoderInSlices(schema.fields, wire);
      return inSlices(writer, value, slices);
    },
    weigh: compileWeigh(schema.fields, wire),
  };
  const versions = compiled.get(schema) ?? [];
  versions[version] = made;
  compiled.set(schema, versions);
  return made;
}
