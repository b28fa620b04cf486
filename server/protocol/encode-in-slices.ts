import type { WireVersion } from './compile-decoder.js';
import { compileEncoder, structEncoders } from './compile-encoder.js';
import { type Fields, type FieldType, holds, inRange } from './schema.js';
import type { Writer } from './writer.js';

/**
 * Takes the number of written elements, as `Weigh` counts them. Returns null to go on, or a promise
 * to await before the next element.
 */
export interface Slices {
  did(elements: number): Promise<void> | null;
}

/**
 * Array elements in a value, those inside of elements too, and one for each `CHARS_PER_ELEMENT` of
 * a string; counting stops beyond `enough`. Byte fields do not count: long ones are not copied.
 */
export type Weigh = (value: unknown, enough: number) => number;

/** Writes one value, with pauses. */
export type EncodeInSlices = (writer: Writer, value: unknown, slices: Slices) => Promise<void>;

/** A value with at most this number of array elements is written at once, without a report. */
export const ELEMENTS_AT_ONCE_MAX = 250;

/** Characters of a long string that take as long to write as an element. */
const CHARS_PER_ELEMENT = 1024;

/** Number of written elements that are reported together. */
const REPORTED_COUNT = 50;

type Struct = Readonly<Record<string, unknown>>;

/** Builds the function that counts the elements of a structure in one version. */
export function compileWeigh(fields: Fields, wire: WireVersion): Weigh {
  const heavy: { readonly name: string; readonly weigh: Weigh }[] = [];
  for (const [name, field] of Object.entries(fields)) {
    if (!inRange(field.versions, wire.version)) continue;
    const weigh = weigherOf(field.type, wire);
    if (weigh !== null) heavy.push({ name, weigh });
  }
  return (value, enough) => {
    let weight = 0;
    for (let i = 0; i < heavy.length && weight <= enough; i++) {
      const { name, weigh } = heavy[i]!;
      weight += weigh((value as Struct)[name], enough - weight);
    }
    return weight;
  };
}

const weighString: Weigh = (value) =>
  value === null || value === undefined
    ? 0
    : Math.floor((value as string).length / CHARS_PER_ELEMENT);

/** Null for a type that holds neither arrays nor strings in this version. */
function weigherOf(type: FieldType, wire: WireVersion): Weigh | null {
  if (type.kind === 'string') return weighString;
  if (type.kind === 'struct') {
    if (!holds(type, ['array', 'string'], wire.version)) return null;
    const weigh = compileWeigh(type.fields, wire);
    return (value, enough) => (value === null || value === undefined ? 0 : weigh(value, enough));
  }
  if (type.kind !== 'array') return null;
  const weighElement = weigherOf(type.element, wire);
  return (value, enough) => {
    if (value === null || value === undefined) return 0;
    const elements = value as readonly unknown[];
    let weight = elements.length;
    if (weighElement === null) return weight;
    for (let i = 0; i < elements.length && weight <= enough; i++) {
      weight += weighElement(elements[i], enough - weight);
    }
    return weight;
  };
}

/**
 * Builds an encoder of a structure that pauses between the elements of large arrays, and behind
 * long strings. It writes the same bytes as the plain encoder, whose pieces it uses for every small
 * value. Tagged fields are written at once.
 */
export function compileEncoderInSlices(fields: Fields, wire: WireVersion): EncodeInSlices {
  const { plain, encodeTags } = structEncoders(fields, wire);
  const steps = plain.map(({ name, encode, optional, fallback }) => ({
    name,
    encode,
    optional,
    fallback,
    inSlices: typeInSlices(fields[name]!.type, wire, name),
    weigh: weigherOf(fields[name]!.type, wire),
  }));
  return async (writer, value, slices) => {
    let unreported = 0;
    for (const { name, encode, optional, fallback, inSlices, weigh } of steps) {
      const given = (value as Struct)[name];
      if (given === undefined && !optional) throw new TypeError(`${name} is missing`);
      const fieldValue = given === undefined ? fallback : given;
      if (inSlices !== null && fieldValue !== null) {
        await inSlices(writer, fieldValue, slices);
        continue;
      }
      encode(writer, fieldValue);
      if (weigh !== null) unreported += weigh(fieldValue, ELEMENTS_AT_ONCE_MAX);
    }
    const pause = unreported === 0 ? null : slices.did(unreported);
    if (pause !== null) await pause;
    encodeTags(writer, value);
  };
}

/** Null for a type that is always written at once: any type but an array. */
function typeInSlices(type: FieldType, wire: WireVersion, name: string): EncodeInSlices | null {
  if (type.kind !== 'array') return null;
  const { element } = type;
  const encode = compileEncoder(element, false, wire, name);
  const weigh = weigherOf(element, wire);
  const inSlices =
    element.kind === 'struct' && holds(element, ['array'], wire.version)
      ? compileEncoderInSlices(element.fields, wire)
      : null;
  return async (writer, value, slices) => {
    const elements = value as readonly unknown[];
    if (wire.flexible) writer.uvarint(elements.length + 1);
    else writer.int32(elements.length);
    let unreported = 0;
    for (const each of elements) {
      const weight = weigh === null ? 0 : weigh(each, ELEMENTS_AT_ONCE_MAX);
      unreported += 1;
      if (inSlices !== null && weight > ELEMENTS_AT_ONCE_MAX) {
        await inSlices(writer, each, slices);
      } else {
        encode(writer, each);
        unreported += weight;
      }
      if (unreported < REPORTED_COUNT) continue;
      const pause = slices.did(unreported);
      unreported = 0;
      if (pause !== null) await pause;
    }
    const pause = unreported === 0 ? null : slices.did(unreported);
    if (pause !== null) await pause;
  };
}
