import fc from 'fast-check';
import { timestampOf } from '../../../engine/batch/timestamp.js';
import {
  type Field,
  type Fields,
  type FieldType,
  inRange,
  type Schema,
} from '../../../server/protocol/schema.js';

/** Values of a table in one version; fields outside that version hold their defaults. */
export function valuesOf(
  schema: Schema,
  version: number,
): fc.Arbitrary<Readonly<Record<string, unknown>>> {
  return structs(schema.fields, version);
}

function structs(fields: Fields, version: number): fc.Arbitrary<Record<string, unknown>> {
  const model: Record<string, fc.Arbitrary<unknown>> = {};
  for (const [name, field] of Object.entries(fields)) model[name] = fieldValues(field, version);
  return fc.record(model);
}

function fieldValues(field: Field, version: number): fc.Arbitrary<unknown> {
  if (!inRange(field.versions, version)) return fc.constant(field.default);
  const values = typeValues(field.type, version);
  const orDefault = field.tag === null ? values : fc.oneof(values, fc.constant(field.default));
  return inRange(field.nullable, version) ? fc.option(orDefault, { freq: 4 }) : orDefault;
}

function typeValues(type: FieldType, version: number): fc.Arbitrary<unknown> {
  switch (type.kind) {
    case 'bool':
      return fc.boolean();
    case 'int8':
      return fc.integer({ min: -0x80, max: 0x7f });
    case 'int16':
      return fc.integer({ min: -0x8000, max: 0x7fff });
    case 'uint16':
      return fc.integer({ min: 0, max: 0xffff });
    case 'int32':
      return fc.integer();
    case 'uint32':
      return fc.integer({ min: 0, max: 0xffffffff });
    case 'int64':
      if (type.beyond !== 'exact') return fc.oneof(fc.integer(), fc.maxSafeInteger());
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(timestampOf);
    case 'float64':
      return fc.double();
    case 'uuid':
      return fc
        .uint8Array({ minLength: 16, maxLength: 16 })
        .map((raw) => Buffer.from(raw).toString('base64url'));
    case 'string':
      return fc.oneof(
        fc.string({ unit: 'binary', maxLength: 12 }),
        fc.string({ unit: 'binary-ascii', maxLength: 200 }),
      );
    case 'bytes':
    case 'records':
      return fc.integer({ min: 0, max: 3000 }).map((size) => Buffer.alloc(size, size));
    case 'array':
      return fc.array(typeValues(type.element, version), { maxLength: 4 });
    case 'struct':
      return structs(type.fields, version);
  }
}
