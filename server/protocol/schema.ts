/**
 * The functions by which a message is described: typed fields with version ranges. A table made of
 * them is plain data; `compile.ts` turns a table and a version into a codec.
 *
 * A field outside its version range is not on the wire: it decodes to its default, and a value
 * given for it is left out when encoding.
 */

/** Inclusive versions as text: `'3+'` from 3 on, `'1-4'` both ends, `'2'` one version. */
export type Range = `${number}+` | `${number}-${number}` | `${number}`;

/** Inclusive on both ends; `max` is `Infinity` for an open range. */
export interface VersionRange {
  readonly min: number;
  readonly max: number;
}

/** The all-zero topic id in Kafka's text form, which stands for "no id". */
export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA';

/** Bytes that are not in memory, such as a slice of a segment file. The codec reads only `size`. */
export interface RecordsPart {
  /** Length in bytes, known before it is sent. */
  readonly size: number;
}

/** The values that an encoder takes for a field of record batches. */
export type RecordsInput = Uint8Array | RecordsPart;

/** The type of a field. */
export type FieldType =
  | { readonly kind: ScalarKind }
  | { readonly kind: 'int64'; readonly beyond: 'refused' | 'clamped' | 'exact' }
  | { readonly kind: 'array'; readonly element: FieldType }
  | { readonly kind: 'struct'; readonly fields: Fields };

type ScalarKind =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'float64'
  | 'uuid'
  | 'string'
  | 'bytes'
  | 'records';

declare const valueType: unique symbol;
declare const inputType: unique symbol;

/**
 * One field of a table. `V` is its decoded type, `I` the type that it accepts when encoding, and
 * `O` says whether an encoder may leave it out.
 */
export interface Field<V = unknown, I = unknown, O extends boolean = boolean> {
  readonly type: FieldType;
  readonly versions: VersionRange;
  /** Versions in which null is legal on the wire; null where there are none. */
  readonly nullable: VersionRange | null;
  /** Tag number of a field that lives in the tagged section (KIP-482), or null. */
  readonly tag: number | null;
  /** Value when the field is not on the wire. Shared and frozen. */
  readonly default: unknown;
  /** True if an encoder may be given no value, so that the default is written. */
  readonly optional: O;
  readonly [valueType]?: V;
  readonly [inputType]?: I;
}

/** Fields in wire order, by name. */
export interface Fields {
  readonly [name: string]: Field;
}

interface ScalarOptions<T> {
  /** Versions that have the field; all of them when not given. */
  readonly versions?: Range;
  /** Places the field in the tagged section of every version that has it. */
  readonly tag?: number;
  /** Value when absent; otherwise the zero of its type, as in Kafka. */
  readonly default?: T;
}

interface NullableOptions<T> extends ScalarOptions<T | null> {
  /** Versions in which null is legal. */
  readonly nullable?: Range;
}

type NoOptions = Record<never, never>;
type OrNull<T, O> = O extends { readonly nullable: string } ? T | null : T;
type Omittable<O> = O extends
  | { readonly default: unknown }
  | { readonly versions: string }
  | { readonly tag: number }
  ? true
  : false;

type Scalar<T, O> = Field<T, T, Omittable<O>>;
type NullableScalar<T, O, I = T> = Field<OrNull<T, O>, OrNull<I, O>, Omittable<O>>;

type Flatten<T> = { [K in keyof T]: T[K] } & unknown;

/** The decoded form of a list of fields: every field is present. */
export type StructValue<F extends Fields> = {
  readonly [K in keyof F]: F[K] extends Field<infer V, unknown, boolean> ? V : never;
};

type OptionalNames<F extends Fields> = {
  [K in keyof F]: F[K] extends Field<unknown, unknown, true> ? K : never;
}[keyof F];

type InputOfField<F> = F extends Field<unknown, infer I, boolean> ? I : never;

/** The form that an encoder accepts: fields with a default, a tag or a range may be left out. */
export type StructInput<F extends Fields> = Flatten<
  {
    readonly [K in Exclude<keyof F, OptionalNames<F>>]: InputOfField<F[K]>;
  } & {
    readonly [K in OptionalNames<F>]?: InputOfField<F[K]> | undefined;
  }
>;

type ElementValue<E> =
  E extends Field<infer V, unknown, boolean> ? V : E extends Fields ? StructValue<E> : never;
type ElementInput<E> =
  E extends Field<unknown, infer I, boolean> ? I : E extends Fields ? StructInput<E> : never;

/** One byte; any value but 0 reads as true. */
export function bool<const O extends ScalarOptions<boolean> = NoOptions>(
  options?: O,
): Scalar<boolean, O> {
  return field({ kind: 'bool' }, false, options);
}

/** Signed, 1 byte. */
export function int8<const O extends ScalarOptions<number> = NoOptions>(
  options?: O,
): Scalar<number, O> {
  return field({ kind: 'int8' }, 0, options);
}

/** Signed, 2 bytes. */
export function int16<const O extends ScalarOptions<number> = NoOptions>(
  options?: O,
): Scalar<number, O> {
  return field({ kind: 'int16' }, 0, options);
}

/** Unsigned, 2 bytes. */
export function uint16<const O extends ScalarOptions<number> = NoOptions>(
  options?: O,
): Scalar<number, O> {
  return field({ kind: 'uint16' }, 0, options);
}

/** Signed, 4 bytes. */
export function int32<const O extends ScalarOptions<number> = NoOptions>(
  options?: O,
): Scalar<number, O> {
  return field({ kind: 'int32' }, 0, options);
}

/** Unsigned, 4 bytes. */
export function uint32<const O extends ScalarOptions<number> = NoOptions>(
  options?: O,
): Scalar<number, O> {
  return field({ kind: 'uint32' }, 0, options);
}

/**
 * Signed, 8 bytes, as a number. A value beyond ±(2^53 - 1) is never rounded: the frame is refused
 * with `INT64_RANGE`. With `clamp` it reads as the nearest safe integer instead, for offsets and
 * timestamps where Kafka answers with an error code: such an offset lies beyond every log, so the
 * clamped one meets the same answer (OFFSET_OUT_OF_RANGE, or nothing found).
 */
export function int64<
  const O extends ScalarOptions<number> & { readonly clamp?: boolean } = NoOptions,
>(options?: O): Scalar<number, O> {
  return field({ kind: 'int64', beyond: options?.clamp ? 'clamped' : 'refused' }, 0, options);
}

/** Signed, 8 bytes: a number where it is a safe integer, and a bigint beyond. */
export function exactInt64<const O extends ScalarOptions<number | bigint> = NoOptions>(
  options?: O,
): Scalar<number | bigint, O> {
  return field({ kind: 'int64', beyond: 'exact' }, 0, options);
}

/** Double precision, 8 bytes. */
export function float64<const O extends ScalarOptions<number> = NoOptions>(
  options?: O,
): Scalar<number, O> {
  return field({ kind: 'float64' }, 0, options);
}

/** 16 raw bytes on the wire, here Kafka's text form: base64url, 22 characters, no padding. */
export function uuid<const O extends ScalarOptions<string> = NoOptions>(
  options?: O,
): Scalar<string, O> {
  return field({ kind: 'uuid' }, ZERO_UUID, options);
}

/** UTF-8. Malformed sequences read as U+FFFD, as in Kafka. */
export function string<const O extends NullableOptions<string> = NoOptions>(
  options?: O,
): NullableScalar<string, O> {
  return field({ kind: 'string' }, '', options);
}

/** Opaque bytes. Decodes to a view on the frame: copy what must outlive it. */
export function bytes<const O extends NullableOptions<Buffer> = NoOptions>(
  options?: O,
): NullableScalar<Buffer, O, Uint8Array> {
  return field({ kind: 'bytes' }, EMPTY_BYTES, options);
}

/**
 * Record batches, null in every version if there are none. Decodes to a view on the frame;
 * encodes bytes or a {@link RecordsPart}, which passes through untouched.
 */
export function records<const O extends ScalarOptions<null> = NoOptions>(
  options?: O,
): Field<Buffer | null, RecordsInput | null, Omittable<O>> {
  return field({ kind: 'records' }, null, { nullable: '0+', ...options });
}

/** A list of structures (given as fields) or of plain values (given as a field). */
export function array<
  const E extends Field | Fields,
  const O extends NullableOptions<readonly never[]> = NoOptions,
>(
  element: E,
  options?: O,
): Field<
  OrNull<readonly ElementValue<E>[], O>,
  OrNull<readonly ElementInput<E>[], O>,
  Omittable<O>
> {
  const type: FieldType = isField(element) ? element.type : { kind: 'struct', fields: element };
  return field({ kind: 'array', element: type }, EMPTY_ARRAY, options);
}

/** A nested structure. Absent, it reads as the structure of its fields' defaults, or as null. */
export function struct<
  const F extends Fields,
  const O extends Omit<NullableOptions<never>, 'default'> & { readonly default?: null } = NoOptions,
>(
  fields: F,
  options?: O,
): Field<OrNull<StructValue<F>, O>, OrNull<StructInput<F>, O>, Omittable<O>> {
  return field({ kind: 'struct', fields }, defaultsOf(fields), options);
}

/**
 * The input from which a codec is compiled: message bodies, and later the records of internal
 * topics.
 */
export interface Schema<F extends Fields = Fields> {
  /** Lowest version implemented, inclusive. */
  readonly min: number;
  /** Highest version implemented, inclusive. */
  readonly max: number;
  /** First version with compact encodings and tagged sections (KIP-482); `Infinity` if none. */
  readonly flexible: number;
  readonly fields: F;
}

/** The request or the response of one API. */
export interface Message<F extends Fields = Fields> extends Schema<F> {
  readonly apiKey: number;
  /** Lowest version that ApiVersions names; below `min` only where clients need to see it. */
  readonly advertiseMin: number;
}

/** Decoded type of a table. */
export type ValueOf<M extends Schema> = M extends Schema<infer F> ? StructValue<F> : never;

/** Type that an encoder of this table accepts. A `ValueOf` of the same table is one. */
export type InputOf<M extends Schema> = M extends Schema<infer F> ? StructInput<F> : never;

/** Declares a request or response table. */
export function message<const F extends Fields>(
  definition: Omit<Message<F>, 'advertiseMin' | 'flexible'> & {
    readonly advertiseMin?: number;
    /** Leave out for an API that never became flexible. */
    readonly flexible?: number;
  },
): Message<F> {
  return {
    ...definition,
    advertiseMin: definition.advertiseMin ?? definition.min,
    flexible: definition.flexible ?? Number.POSITIVE_INFINITY,
  };
}

/** True if `version` lies inside the range. */
export function inRange(range: VersionRange | null, version: number): boolean {
  return range !== null && version >= range.min && version <= range.max;
}

/** The value of a structure none of whose fields is on the wire. Frozen. */
export function defaultsOf(fields: Fields): Readonly<Record<string, unknown>> {
  const value: Record<string, unknown> = {};
  for (const [name, { default: fallback }] of Object.entries(fields)) value[name] = fallback;
  return Object.freeze(value);
}

const EMPTY_BYTES = Buffer.alloc(0);
const EMPTY_ARRAY: readonly never[] = Object.freeze([]);
const ALL_VERSIONS: VersionRange = { min: 0, max: Number.POSITIVE_INFINITY };

function isField(element: Field | Fields): element is Field {
  const type = (element as Field).type as FieldType | undefined;
  return type !== undefined && 'kind' in type && typeof type.kind === 'string';
}

function field<V, I, O extends boolean>(
  type: FieldType,
  zero: unknown,
  options: (NullableOptions<unknown> & { readonly clamp?: boolean }) | undefined,
): Field<V, I, O> {
  const { versions, nullable, tag, default: fallback } = options ?? {};
  return {
    type,
    versions: versions === undefined ? ALL_VERSIONS : parseRange(versions),
    nullable: nullable === undefined ? null : parseRange(nullable),
    tag: tag ?? null,
    default: fallback === undefined ? zero : fallback,
    optional: (versions !== undefined || tag !== undefined || fallback !== undefined) as O,
  };
}

function parseRange(text: string): VersionRange {
  const match = /^(\d+)(?:(\+)|-(\d+))?$/.exec(text);
  if (match === null) throw new RangeError(`not a version range: '${text}'`);
  const min = Number(match[1]);
  if (match[2] === '+') return { min, max: Number.POSITIVE_INFINITY };
  return { min, max: match[3] === undefined ? min : Number(match[3]) };
}

/** Whether a type is, or holds in this version, outside of arrays, one of these kinds. */
export function holds(
  type: FieldType,
  kinds: readonly FieldType['kind'][],
  version: number,
): boolean {
  if (kinds.includes(type.kind)) return true;
  if (type.kind !== 'struct') return false;
  return Object.values(type.fields).some(
    (field) => inRange(field.versions, version) && holds(field.type, kinds, version),
  );
}
