import type { WireVersion } from './compile-decoder.js';
import { compileEncoder, structEncoders } from './compile-encoder.js';
import { type Fields, type FieldType, inRange } from './schema.js';
import type { Writer } from './writer.js';

/** Is told of array elements that were written: null to go on, or what to await before the next. */
export interface Slices {
  did(elements: number): Promise<void> | null;
}

/** Array elements in a value, those inside of elements too; more than `enough` are not counted on. */
export type Weigh = (value: unknown, enough: number) => number;

/** Writes one value, with pauses. */
export type EncodeInSlices = (writer: Writer, value: unknown, slices: Slices) => Promise<void>;

/** A value of no more array elements is written at once, and nobody is told. */
export const ELEMENTS_AT_ONCE_MAX = 250;

/** So many written elements are reported together. */
const REPORTED_COUNT = 50;

type Struct = Readonly<Record<string, unknown>>;

/** Builds what counts the array elements of a structure as it looks in one version. */
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

/** Null for what holds no arrays in this version. */
function weigherOf(type: FieldType, wire: WireVersion): Weigh | null {
  if (type.kind === 'struct') {
    if (!holdsArrays(type, wire)) return null;
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

function holdsArrays(type: FieldType, wire: WireVersion): boolean {
  if (type.kind === 'array') return true;
  if (type.kind !== 'struct') return false;
  return Object.values(type.fields).some(
    (field) => inRange(field.versions, wire.version) && holdsArrays(field.type, wire),
  );
}

/**
 * Builds an encoder of a structure that pauses between the elements of large arrays. It writes the same bytes as the
 * plain encoder, whose pieces it uses for all that is small. Tagged fields are written at once.
 */
export function compileEncoderInSlices(fields: Fields, wire: WireVersion): EncodeInSlices {
  const { plain, encodeTags } = structEncoders(fields, wire);
  const steps = plain.map(({ name, encode, optional, fallback }) => ({
    name,
    encode,
    optional,
    fallback,
    inSlices: typeInSlices(fields[name]!.type, wire, name),
  }));
  return async (writer, value, slices) => {
    for (const { name, encode, optional, fallback, inSlices } of steps) {
      const given = (value as Struct)[name];
      if (given === undefined && !optional) throw new TypeError(`${name} is missing`);
      const fieldValue = given === undefined ? fallback : given;
      if (inSlices === null || fieldValue === null) encode(writer, fieldValue);
      else await inSlices(writer, fieldValue, slices);
    }
    encodeTags(writer, value);
  };
}

/** Null for what is always written at once: anything but an array. */
function typeInSlices(type: FieldType, wire: WireVersion, name: string): EncodeInSlices | null {
  if (type.kind !== 'array') return null;
  const { element } = type;
  const encode = compileEncoder(element, false, wire, name);
  const weigh = weigherOf(element, wire);
  const inSlices =
    element.kind === 'struct' && weigh !== null
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
