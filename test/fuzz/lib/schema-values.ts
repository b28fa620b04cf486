import {
  type Field,
  type Fields,
  type FieldType,
  inRange,
  type Schema,
  ZERO_UUID,
} from '../../../server/protocol/schema.js';
import type { FuzzRandom } from './fuzz-random.js';
import { EDGES } from './mutate.js';

/** Words that lead somewhere: names that exist, ids that were given. */
export interface Vocabulary {
  /** Strings for a field of this name within `parent`; empty where none is better than another. */
  strings(field: string, parent: string): readonly string[];
  /** Numbers for a field of this name, of which one has to be met for anything to happen. */
  numbers(field: string): readonly number[];
  readonly uuids: readonly string[];
  records(random: FuzzRandom): Buffer;
  /** For fields that are called `metadata`, `assignment` and the like. */
  bytes(random: FuzzRandom): Buffer;
}

const LONGS = [
  2 ** 31,
  2 ** 32 + 1,
  2 ** 42,
  2 ** 52,
  2 ** 53 - 2 ** 20,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
  1_767_225_600_000,
] as const;
const ELEMENTS = [0, 1, 1, 1, 2, 3] as const;
const SMALL_NUMBERS = [-5, -4, -3, -2, -1, 0, 0, 0, 1, 2, 3, 5, 10, 100, 1000, 10_000] as const;
const ANY_STRINGS = [
  '',
  'a',
  '\0',
  '💥',
  'x'.repeat(249),
  'x'.repeat(32_000),
  '../..',
  'a\nb',
] as const;

/** Values of a table in one version, mostly plausible; a field outside of it holds its default. */
export class SchemaValues {
  readonly #random: FuzzRandom;
  readonly #words: Vocabulary;
  readonly #version: number;

  constructor(random: FuzzRandom, words: Vocabulary, version: number) {
    this.#random = random;
    this.#words = words;
    this.#version = version;
  }

  body({ fields }: Schema): Record<string, unknown> {
    return this.#struct('', fields);
  }

  #struct(parent: string, fields: Fields): Record<string, unknown> {
    const value: Record<string, unknown> = {};
    for (const name in fields) value[name] = this.#field(name, fields[name]!, parent);
    return value;
  }

  #field(name: string, field: Field, parent: string): unknown {
    if (!inRange(field.versions, this.#version)) return field.default;
    if (field.tag !== null && this.#random.once(2)) return field.default;
    if (inRange(field.nullable, this.#version)) {
      // Where null is the rule, a value is the end of it: a transaction, a rack.
      if (field.default === null ? !this.#random.once(6) : this.#random.once(6)) return null;
    }
    return this.#value(name, field.type, parent);
  }

  #value(name: string, type: FieldType, parent: string): unknown {
    const random = this.#random;
    switch (type.kind) {
      case 'bool':
        return random.once(2);
      case 'int8':
        return (this.#number(name) << 24) >> 24;
      case 'int16':
        return (this.#number(name) << 16) >> 16;
      case 'uint16':
        return this.#number(name) & 0xffff;
      case 'int32':
        return this.#number(name) | 0;
      case 'uint32':
        return this.#number(name) >>> 0;
      case 'int64':
        return random.once(6) ? random.pick(LONGS) : this.#number(name);
      case 'float64':
        return random.pick([0, 1, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e300]);
      case 'uuid':
        return random.once(6) ? ZERO_UUID : random.pick(this.#words.uuids);
      case 'string':
        return this.#string(name, parent);
      case 'bytes':
        return this.#words.bytes(random);
      case 'records':
        return this.#words.records(random);
      case 'array': {
        const count = random.once(40) ? random.below(40) : random.pick(ELEMENTS);
        const elements: unknown[] = [];
        for (let left = count; left > 0; left--)
          elements.push(this.#value(name, type.element, parent));
        return elements;
      }
      case 'struct':
        return this.#struct(name, type.fields);
    }
  }

  #number(name: string): number {
    const random = this.#random;
    const known = this.#words.numbers(name);
    if (known.length > 0 && !random.once(8)) return random.pick(known);
    if (random.once(6)) return random.pick(EDGES);
    return random.once(12) ? random.bits() | 0 : random.pick(SMALL_NUMBERS);
  }

  #string(name: string, parent: string): string {
    const known = this.#words.strings(name, parent);
    if (known.length > 0 && !this.#random.once(12)) return this.#random.pick(known);
    return this.#random.pick(ANY_STRINGS);
  }
}
