import { describe, expect, expectTypeOf, test } from 'vitest';
import { codec } from '../../../server/protocol/compile.js';
import { ProtocolError } from '../../../server/protocol/protocol-error.js';
import { Reader } from '../../../server/protocol/reader.js';
import {
  array,
  type InputOf,
  int16,
  int32,
  int64,
  message,
  records,
  string,
  struct,
  type ValueOf,
} from '../../../server/protocol/schema.js';
import { Writer } from '../../../server/protocol/writer.js';

const Sample = message({
  apiKey: 0,
  min: 0,
  max: 3,
  flexible: 2,
  fields: {
    name: string({ nullable: '1+' }),
    added: int32({ versions: '1+', default: -1 }),
    removed: int16({ versions: '0-1' }),
    items: array({ id: int64() }),
    owner: struct({ id: int32() }, { versions: '3+', nullable: '3+', default: null }),
    late: string({ versions: '2+', tag: 5 }),
    early: struct(
      { epoch: int32({ default: -1 }), hosts: array(string(), { default: [] }) },
      { versions: '2+', tag: 1 },
    ),
  },
});

function encode(version: number, value: InputOf<typeof Sample>): string {
  const writer = new Writer();
  codec(Sample, version).encode(writer, value);
  return Buffer.concat(writer.finish() as Buffer[]).toString('hex');
}

function decode(version: number, bytes: string): ValueOf<typeof Sample> {
  return codec(Sample, version).decode(new Reader(Buffer.from(bytes.replaceAll(' ', ''), 'hex')));
}

test('types follow from the table', () => {
  type Value = ValueOf<typeof Sample>;
  expectTypeOf<Value['name']>().toEqualTypeOf<string | null>();
  expectTypeOf<Value['items']>().toEqualTypeOf<readonly { readonly id: number }[]>();
  expectTypeOf<Value['owner']>().toEqualTypeOf<{ readonly id: number } | null>();
  expectTypeOf<{ name: null; items: [] }>().toExtend<InputOf<typeof Sample>>();
  expectTypeOf<{ name: string }>().not.toExtend<InputOf<typeof Sample>>();
  expectTypeOf<Value>().toExtend<InputOf<typeof Sample>>();
  const Bytes = message({ apiKey: 0, min: 0, max: 0, fields: { records: records() } });
  expectTypeOf<ValueOf<typeof Bytes>['records']>().toEqualTypeOf<Buffer | null>();
  expectTypeOf<{ records: { size: number } }>().toExtend<InputOf<typeof Bytes>>();
});

describe('fields outside their versions', () => {
  test('are not written, even when given', () => {
    const value = { name: 'a', added: 7, removed: 9, items: [{ id: 1 }], late: 'x' };
    expect(encode(0, value)).toBe('000161' + '0009' + '000000010000000000000001');
    expect(encode(1, value)).toBe('000161' + '00000007' + '0009' + '000000010000000000000001');
  });

  test('read as their defaults', () => {
    expect(decode(0, '0000 0009 00000000')).toEqual({
      name: '',
      added: -1,
      removed: 9,
      items: [],
      owner: null,
      late: '',
      early: { epoch: -1, hosts: [] },
    });
  });

  test('keep their place, so that values of all versions have one shape', () => {
    const names = ['name', 'added', 'removed', 'items', 'owner', 'late', 'early'];
    expect(Object.keys(decode(0, '0000 0009 00000000'))).toEqual(names);
    expect(Object.keys(decode(2, '01 00000001 01 00'))).toEqual(names);
  });
});

describe('tagged fields', () => {
  test('are left out when they hold the default, deeply', () => {
    const plain = encode(2, { name: '', items: [] });
    expect(plain).toBe('01' + 'ffffffff' + '01' + '00');
    expect(encode(2, { name: '', items: [], late: '', early: { epoch: -1, hosts: [] } })).toBe(
      plain,
    );
    expect(encode(2, { name: '', items: [], early: {} })).toBe(plain);
  });

  test('are written in ascending order of tags', () => {
    const bytes = encode(2, { name: '', items: [], late: 'z', early: { epoch: 3 } });
    expect(bytes).toBe(`01ffffffff01${'02'}${'0106' + '000000030100'}${'0502' + '027a'}`);
    expect(decode(2, bytes)).toMatchObject({ late: 'z', early: { epoch: 3, hosts: [] } });
  });

  test('are read in any order, and unknown ones are passed over', () => {
    const bytes = '01 ffffffff 01  03  63 02 aabb  05 02 027a  01 06 000000030100';
    expect(decode(2, bytes)).toMatchObject({ late: 'z', early: { epoch: 3 } });
  });

  test('must fill the size they announce', () => {
    expect(() => decode(2, '01 ffffffff 01  01  05 03 027a00')).toThrow(
      expect.objectContaining({ code: 'BAD_TAG' }),
    );
  });
});

describe('nulls', () => {
  test('are written where the version has them, and are a TypeError where not', () => {
    expect(encode(1, { name: null, items: [] }).slice(0, 4)).toBe('ffff');
    expect(() => encode(0, { name: null, items: [] })).toThrow(TypeError);
  });

  test('are a protocol error where the version has none', () => {
    expect(() => decode(0, 'ffff 0000 00000000')).toThrow(ProtocolError);
  });

  test('of a structure are one byte in front of it', () => {
    expect(encode(3, { name: '', items: [], owner: null })).toBe('01ffffffff01ff00');
    const present = encode(3, { name: '', items: [], owner: { id: 2 } });
    expect(present).toBe('01ffffffff01010000000200' + '00');
    expect(decode(3, present).owner).toEqual({ id: 2 });
  });
});

test('a missing value without a default is a TypeError that names the field', () => {
  expect(() => encode(0, { name: 'a' } as unknown as InputOf<typeof Sample>)).toThrow(/items/);
});

test('an announced count costs nothing before its elements fit into the frame', () => {
  expect(() => decode(0, '0000 0000 7fffffff 00')).toThrow(
    expect.objectContaining({ code: 'TRUNCATED' }),
  );
  expect(() => decode(2, '01 00000000 ffffffff0f 00')).toThrow(
    expect.objectContaining({ code: 'TRUNCATED' }),
  );
});

test('a codec is compiled once, and only for versions of the table', () => {
  expect(codec(Sample, 2)).toBe(codec(Sample, 2));
  for (const version of [-1, 4, 1.5, Number.NaN]) {
    expect(() => codec(Sample, version)).toThrow(RangeError);
  }
});

test('a malformed version range is found when the table is made', () => {
  expect(() => string({ versions: '-1+' })).toThrow(RangeError);
  expect(() => string({ versions: '1-+' as '1+' })).toThrow(RangeError);
});
