import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  PARTITION_METADATA_FILE,
  parsePartitionFolderName,
  parsePartitionMetadata,
  parseSegmentFileName,
  partitionFolderName,
  partitionMetadataText,
  retiredFolderName,
  SEGMENT_FILE_KINDS,
  SEGMENT_FILE_STATES,
  segmentFileName,
} from '../../../engine/disk/file-names.js';

const topics = fc.stringMatching(/^[a-zA-Z0-9._-]{1,249}$/);

describe('segment file names', () => {
  it('have 20 digits, the kind, and the state if any', () => {
    expect(segmentFileName(0, 'log')).toBe('00000000000000000000.log');
    expect(segmentFileName(1234, 'timeindex')).toBe('00000000000000001234.timeindex');
    expect(segmentFileName(2 ** 53 - 1, 'log', 'cut')).toBe('00009007199254740991.log.cut');
  });

  it('are read back', () => {
    const kinds = fc.constantFrom(...SEGMENT_FILE_KINDS);
    const states = fc.constantFrom(null, ...SEGMENT_FILE_STATES);
    void fc.assert(
      fc.property(fc.maxSafeNat(), kinds, states, (baseOffset, kind, state) => {
        const name = segmentFileName(baseOffset, kind, state);
        expect(parseSegmentFileName(name)).toEqual({ baseOffset, kind, state });
      }),
    );
  });

  it.each([
    '',
    '0.log',
    '00000000000000000000.logs',
    '00000000000000000000.log.old',
    '00000000000000000000.snapshot',
    '00000000000000000000.log.swap.deleted',
    '000000000000000000000.log',
    '99999999999999999999.log',
    ' 00000000000000000000.log',
    PARTITION_METADATA_FILE,
  ])('are not %j', (name) => {
    expect(parseSegmentFileName(name)).toBeNull();
  });
});

describe('partition folder names', () => {
  const partitions = fc.nat(2 ** 31 - 1);

  it('are read back, whatever dashes and dots the topic holds', () => {
    void fc.assert(
      fc.property(topics, partitions, (topic, partition) => {
        const name = partitionFolderName(topic, partition);
        expect(parsePartitionFolderName(name)).toEqual({ topic, partition, state: 'live' });
      }),
    );
  });

  it('say that a folder is on its way out, within what file systems take', () => {
    const unique = Buffer.from('00112233445566778899aabbccddeeff', 'hex');
    expect(retiredFolderName('a-b', 3, 'delete', unique)).toBe(
      'a-b-3.00112233445566778899aabbccddeeff-delete',
    );
    const states = fc.constantFrom('delete' as const, 'stray' as const);
    void fc.assert(
      fc.property(topics, partitions, states, (topic, partition, state) => {
        const name = retiredFolderName(topic, partition, state, unique);
        expect(name.length).toBeLessThanOrEqual(255);
        const parsed = parsePartitionFolderName(name);
        expect(parsed).toMatchObject({ partition, state });
        expect(topic.startsWith(parsed!.topic)).toBe(true);
      }),
    );
  });

  it.each(['', 'a', '-1', 'a-', 'a-01', 'a-2147483648', 'a-0.abc-delete', 'a-0-future'])(
    'are not %j',
    (name) => {
      expect(parsePartitionFolderName(name)).toBeNull();
    },
  );
});

describe('partition.metadata', () => {
  it("has Kafka's two lines", () => {
    const text = 'version: 0\ntopic_id: dYCrNK8bQkeqR0gOcWVdAg\n';
    expect(partitionMetadataText('dYCrNK8bQkeqR0gOcWVdAg')).toBe(text);
    expect(parsePartitionMetadata(text)).toBe('dYCrNK8bQkeqR0gOcWVdAg');
  });

  it.each(['', 'version: 1\ntopic_id: dYCrNK8bQkeqR0gOcWVdAg\n', 'version: 0\ntopic_id: short\n'])(
    'is not %j',
    (text) => {
      expect(parsePartitionMetadata(text)).toBeNull();
    },
  );
});
