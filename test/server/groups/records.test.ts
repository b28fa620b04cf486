import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeRecord, encodeRecord, type GroupRecord } from '../../../server/groups/records.js';
import { ProtocolError } from '../../../server/protocol/protocol-error.js';
import { ZERO_UUID } from '../../../server/protocol/schema.js';

const offset: GroupRecord = {
  kind: 'offset',
  group: 'grp',
  topic: 'top',
  partition: 7,
  value: {
    offset: 1000,
    leaderEpoch: 3,
    metadata: 'md',
    commitTimestamp: 1_700_000_000_000,
    expireTimestamp: -1,
    topicId: 'AAECAwQFBgcICQoLDA0ODw',
  },
};

const group: GroupRecord = {
  kind: 'group',
  group: 'grp',
  value: {
    protocolType: 'consumer',
    generation: 5,
    protocol: 'range',
    leader: 'm1',
    currentStateTimestamp: 1_700_000_000_000,
    members: [
      {
        memberId: 'm1',
        groupInstanceId: null,
        clientId: 'c',
        clientHost: '/h',
        rebalanceTimeout: 300_000,
        sessionTimeout: 45_000,
        subscription: Buffer.from([1, 2]),
        assignment: Buffer.from([3]),
      },
    ],
  },
};

const hex = (bytes: Buffer | null): string | undefined => bytes?.toString('hex');

describe('golden bytes', () => {
  test('a committed offset is written in version 4, with the id of its topic', () => {
    const { key, value } = encodeRecord(offset);
    expect(hex(key)).toBe(['0001', '0003677270', '0003746f70', '00000007'].join(''));
    expect(hex(value)).toBe(
      [
        ['0004', '00000000000003e8', '00000003', '036d64', '0000018bcfe56800'].join(''),
        ['01', '00', '10', '000102030405060708090a0b0c0d0e0f'].join(''),
      ].join(''),
    );
  });

  test('a committed offset with an expiry of its own is written in version 1, without an epoch', () => {
    const value = { ...offset.value!, expireTimestamp: 1_700_000_000_001 };
    expect(hex(encodeRecord({ ...offset, value } as GroupRecord).value)).toBe(
      ['0001', '00000000000003e8', '00026d64', '0000018bcfe56800', '0000018bcfe56801'].join(''),
    );
  });

  test('a group is written in version 3', () => {
    const { key, value } = encodeRecord(group);
    expect(hex(key)).toBe(['0002', '0003677270'].join(''));
    expect(hex(value)).toBe(
      [
        '0003',
        '0008636f6e73756d6572',
        '00000005',
        '000572616e6765',
        '00026d31',
        '0000018bcfe56800',
        '00000001',
        ['00026d31', 'ffff', '000163', '00022f68', '000493e0', '0000afc8'].join(''),
        ['00000002', '0102', '00000001', '03'].join(''),
      ].join(''),
    );
  });

  test('a committed offset of version 3 is read, without an id', () => {
    const { key } = encodeRecord(offset);
    const fields = ['0003', '00000000000003e8', '00000003', '00026d64', '0000018bcfe56800'];
    expect(decodeRecord(key, Buffer.from(fields.join(''), 'hex'))).toEqual({
      ...offset,
      value: { ...offset.value, topicId: ZERO_UUID },
    });
  });

  test('the oldest key and value of an offset are read', () => {
    const key = Buffer.from(['0000', '0003677270', '0003746f70', '00000007'].join(''), 'hex');
    const value = Buffer.from(
      ['0000', '00000000000003e8', '00026d64', '0000018bcfe56800'].join(''),
      'hex',
    );
    expect(decodeRecord(key, value)).toEqual({
      ...offset,
      value: { ...offset.value, leaderEpoch: -1, topicId: ZERO_UUID },
    });
  });
});

describe('records', () => {
  test('are read as they were written', () => {
    for (const record of [offset, group]) {
      const { key, value } = encodeRecord(record);
      expect(decodeRecord(key, value)).toEqual(record);
    }
  });

  test('without a value are tombstones', () => {
    for (const record of [offset, group]) {
      const tombstone = { ...record, value: null } as GroupRecord;
      const { key, value } = encodeRecord(tombstone);
      expect(value).toBeNull();
      expect(decodeRecord(key, value)).toEqual(tombstone);
    }
  });

  test('of newer group protocols are left out', () => {
    expect(
      decodeRecord(Buffer.from('00030003677270', 'hex'), Buffer.from('0000', 'hex')),
    ).toBeNull();
  });

  test('do not change with the buffer that they were read from', () => {
    const { key, value } = encodeRecord(group);
    const read = decodeRecord(key, value);
    value!.fill(0);
    expect(read).toEqual(group);
  });

  test('that are cut or changed are read as something, or are a protocol error', () => {
    fc.assert(
      fc.property(fc.constantFrom(offset, group), fc.nat(), fc.nat(255), (record, at, byte) => {
        const { key, value } = encodeRecord(record);
        for (const bytes of [key, value!]) bytes[at % bytes.length] = byte;
        try {
          decodeRecord(key, value!.subarray(0, at % (value!.length + 1)));
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
