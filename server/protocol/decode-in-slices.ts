import {
  announcedCount,
  compileDecoder,
  decodePlainField,
  tagsDecoder,
  type WireVersion,
} from './compile-decoder.js';
import type { Slices } from './encode-in-slices.js';
import type { Reader } from './reader.js';
import { type Field, type Fields, type FieldType, holds, inRange } from './schema.js';

/** Reads one value, with pauses. The reader's bytes must not change meanwhile. */
export type DecodeInSlices = (reader: Reader, slices: Slices) => Promise<unknown>;

/** Number of decoded elements that are reported together. */
const REPORTED_COUNT = 50;

/** Reads a part of a value, and yields when enough was read to be reported. */
type Reading = (reader: Reader, progress: Progress) => Generator<void, unknown>;

/** Read elements that are not yet reported; long strings count for elements, too. */
interface Progress {
  unreported: number;
}

/**
 * Builds a decoder of a structure that pauses between the elements of arrays. It reads the same
 * value as the plain decoder, whose pieces it uses for every field that holds no array. Tagged
 * fields are read at once.
 */
export function compileDecoderInSlices(fields: Fields, wire: WireVersion): DecodeInSlices {
  const reading = structReading(fields, wire);
  return async (reader, slices) => {
    const progress: Progress = { unreported: 0 };
    const steps = reading(reader, progress);
    for (let step = steps.next(); ; step = steps.next()) {
      const pause = progress.unreported === 0 ? null : slices.did(progress.unreported);
      if (step.done) return step.value;
      progress.unreported = 0;
      if (pause !== null) await pause;
    }
  };
}

function structReading(fields: Fields, wire: WireVersion): Reading {
  const steps = Object.entries(fields).map(([name, field]) => ({
    name,
    decode: decodePlainField(field, wire),
    fallback: field.default,
    reading: fieldReading(field, wire),
  }));
  const decodeTags = tagsDecoder(fields, wire);
  return function* (reader, progress) {
    const value: Record<string, unknown> = {};
    for (const { name, decode, fallback, reading } of steps) {
      if (reading !== null) {
        value[name] = yield* reading(reader, progress);
        continue;
      }
      const left = reader.elementsLeft;
      value[name] = decode === null ? fallback : decode(reader);
      progress.unreported += left - reader.elementsLeft;
    }
    decodeTags(reader, value);
    return value;
  };
}

/** Null for a field that is not on the wire, or that is read at once. */
function fieldReading(field: Field, wire: WireVersion): Reading | null {
  const { type, tag } = field;
  if (tag !== null || type.kind !== 'array' || !inRange(field.versions, wire.version)) return null;
  return arrayReading(type.element, inRange(field.nullable, wire.version), wire);
}

function arrayReading(element: FieldType, nullable: boolean, wire: WireVersion): Reading {
  const countOf = announcedCount(element, nullable, wire);
  const isDeep = element.kind === 'struct' && holds(element, ['array'], wire.version);
  const reading = isDeep ? structReading(element.fields, wire) : null;
  const decode = compileDecoder(element, false, wire);
  return function* (reader, progress) {
    const count = countOf(reader);
    if (count === null) return null;
    const values = new Array<unknown>(count);
    for (let i = 0; i < count; i++) {
      const left = reader.elementsLeft;
      values[i] = reading === null ? decode(reader) : yield* reading(reader, progress);
      progress.unreported += reading === null ? 1 + left - reader.elementsLeft : 1;
      if (progress.unreported >= REPORTED_COUNT) yield;
    }
    return values;
  };
}
