/**
 * Code for one structure, with its fields' names in the text: V8 then knows where each field lies.
 * A loop over names looks up every name at every call, which was a tenth of the cost of a small
 * request. The names are those of our own tables.
 */
type Make<Result> = (parts: readonly unknown[], values: readonly unknown[]) => Result;

export interface ReadField {
  readonly name: string;
  /** Null for a field that is not on the wire: it has its default. */
  readonly decode: unknown;
  readonly fallback: unknown;
}

/** `(reader) => ({ a: d0(reader), b: f1, … })`, in the order of the fields. */
export function structReader<Reader, Value>(
  fields: readonly ReadField[],
): (reader: Reader) => Value {
  const entries = fields.map(({ name, decode }, at) =>
    decode === null ? `${checked(name)}: f${at}` : `${checked(name)}: d${at}(reader)`,
  );
  return made<(reader: Reader) => Value>(
    `return (reader) => ({ ${entries.join(', ')} });`,
    fields.map(({ decode }) => decode),
    fields.map(({ fallback }) => fallback),
  );
}

export interface WrittenField {
  readonly name: string;
  readonly encode: unknown;
  /** Whether a missing value is the fallback, rather than a mistake. */
  readonly optional: boolean;
  readonly fallback: unknown;
}

/**
 * `(writer, value) => { d0(writer, value.a); … }`, in the order of the fields. Throws a TypeError
 * for a value that is missing.
 */
export function structWriter<Writer, Value>(
  fields: readonly WrittenField[],
): (writer: Writer, value: Value) => void {
  const lines = fields.map(({ name, optional }, at) => {
    const missing = optional ? `f${at}` : `missing('${checked(name)}')`;
    return `v = value.${name}; d${at}(writer, v === undefined ? ${missing} : v);`;
  });
  return made<(writer: Writer, value: Value) => void>(
    `const missing = (name) => { throw new TypeError(name + ' is missing'); };
     return (writer, value) => { let v; ${lines.join('\n')} };`,
    fields.map(({ encode }) => encode),
    fields.map(({ fallback }) => fallback),
  );
}

function made<Result>(
  source: string,
  parts: readonly unknown[],
  values: readonly unknown[],
): Result {
  const names = (letter: string): string => parts.map((_, at) => `${letter}${at}`).join(', ');
  const make = new Function(
    'parts',
    'values',
    `'use strict'; const [${names('d')}] = parts; const [${names('f')}] = values; ${source}`,
  ) as Make<Result>;
  return make(parts, values);
}

function checked(name: string): string {
  if (!/^[a-z][A-Za-z0-9]*$/.test(name)) throw new RangeError(`${name} is no name for a field`);
  return name;
}
