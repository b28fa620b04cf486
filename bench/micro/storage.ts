import { packValue, unpackValue } from '../../engine/catalog/value-codec.js';
import { encodeCheckpoint } from '../../engine/log/durability/log-records.js';
import { OFFSET_INDEX_ENTRY_SIZE, OffsetIndex } from '../../engine/log/segments/offset-index.js';
import type { MicroCase } from './suite.js';

const ENTRIES = 65_536;
const RECORDS_PER_ENTRY = 4;
const BYTES_PER_ENTRY = 4096;
const PRODUCERS = 10;

/** Lookups in a sparse index, and the records that the catalog keeps in LMDB. */
export function storageCases(): MicroCase[] {
  const index = OffsetIndex.empty();
  for (let i = 1; i <= ENTRIES; i++) index.append(i * RECORDS_PER_ENTRY, i * BYTES_PER_ENTRY);
  const bytes = index.encode();
  let asked = 0;
  const next = (): number => {
    asked = (asked + 7_919) % (ENTRIES * RECORDS_PER_ENTRY);
    return asked;
  };
  const checkpoint = encodeCheckpoint({
    offset: 123_456_789,
    segmentBase: 123_000_000,
    position: 987_654_321,
    highWatermark: 123_456_789,
    isGapless: true,
    times: null,
    producerPages: 0,
    areEpochsOwn: true,
    epochs: [
      { epoch: 0, startOffset: 0 },
      { epoch: 3, startOffset: 1_000_000 },
    ],
    producers: Array.from({ length: PRODUCERS }, (_, producerId) => [
      producerId,
      {
        next: { epoch: 0, sequence: 10 },
        heardMs: 1.7e12,
        batches: [
          {
            epoch: 0,
            baseSequence: 5,
            lastSequence: 9,
            baseOffset: 70,
            lastOffset: 74,
            timestampMs: 1.7e12,
          },
        ],
      },
    ]),
  });
  const packed = packValue(checkpoint);
  const text = JSON.stringify(checkpoint);
  return [
    {
      id: 'index-lookup',
      title: `Floor lookup in an index of ${ENTRIES} entries`,
      ways: {
        'typed array': () => index.floorByOffset(next()),
        'file bytes': () => floorInBytes(bytes, next()),
      },
    },
    {
      id: 'catalog-write',
      title: `A checkpoint with ${PRODUCERS} producers to bytes`,
      ways: {
        msgpackr: () => packValue(checkpoint),
        JSON: () => Buffer.from(JSON.stringify(checkpoint)),
      },
    },
    {
      id: 'catalog-read',
      title: `A checkpoint with ${PRODUCERS} producers from bytes`,
      ways: { msgpackr: () => unpackValue(packed), JSON: () => JSON.parse(text) },
    },
  ];
}

function floorInBytes(bytes: Buffer, relativeOffset: number): number {
  let low = 0;
  let high = bytes.length / OFFSET_INDEX_ENTRY_SIZE - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    if (bytes.readInt32BE(middle * OFFSET_INDEX_ENTRY_SIZE) <= relativeOffset) low = middle + 1;
    else high = middle - 1;
  }
  return high;
}
