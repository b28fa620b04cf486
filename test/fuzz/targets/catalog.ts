import { judgeDataFile, START_BYTES } from '../../../engine/catalog/data-file.js';
import { decodeKey, encodeKey } from '../../../engine/catalog/key-codec.js';
import { packValue, unpackValue } from '../../../engine/catalog/value-codec.js';
import type { FuzzRandom } from '../lib/fuzz-random.js';
import { mutate } from '../lib/mutate.js';
import { orRefused } from '../lib/refusal.js';
import { stateless, type Target } from '../lib/target.js';

const VALUES = [
  packValue(42),
  packValue('text'),
  packValue({
    offset: 300,
    segmentBase: 0,
    position: 4_096,
    epochs: [[0, 0]],
    producers: [[7, 0, 0, 9, 0, 9, 1_767_225_600_000]],
    times: [1_767_225_600_000, 12, 1_767_225_600_000],
  }),
  packValue({ id: 'AAAAAAAAAAAAAAAAAAAAAQ', replicas: [[1], [1]], overrides: { a: 'b' } }),
];

const KEYS = [
  encodeKey(['log', 'AAAAAAAAAAAAAAAAAAAAAQ', 3, 'checkpoint']),
  encodeKey(['a\0b', -1.5, 1e300]),
];

/** Two whole meta pages, of a file of eight pages. */
const META = metaPages();

export const CATALOG_TARGETS: readonly Target[] = [
  stateless(
    'catalog.value',
    (random) => mutate(random, random.pick(VALUES), random.pick(VALUES)),
    // Bytes that are no msgpack are refused with whatever its reader throws.
    (bytes) => void orRefused(Error, () => unpackValue(bytes)),
  ),
  stateless(
    'catalog.key',
    (random) => mutate(random, random.pick(KEYS), random.pick(KEYS)),
    (bytes) => void orRefused(RangeError, () => decodeKey(bytes)),
  ),
  stateless('catalog.data-file', changedMeta, (input) => {
    const start = Buffer.alloc(Math.min(START_BYTES, input.length - 4));
    input.copy(start, 0, 4);
    judgeDataFile(start, input.readUInt32LE(0));
  }),
];

function metaPages(): Buffer {
  const pages = Buffer.alloc(8 * 4096);
  for (const [page, at] of [0, 4096].entries()) {
    pages.writeBigUInt64LE(BigInt(page), at);
    pages.writeUInt16LE(0x08, at + 18);
    pages.writeUInt32LE(0xbeefc0de, at + 24);
    pages.writeUInt32LE(2, at + 28);
    pages.writeUInt32LE(4096, at + 48);
    pages.writeBigUInt64LE(0xffff_ffff_ffff_ffffn, at + 88);
    pages.writeBigUInt64LE(3n, at + 136);
    pages.writeBigUInt64LE(7n, at + 144);
    pages.writeBigUInt64LE(BigInt(page + 1), at + 152);
  }
  return pages;
}

/** The file's size, then its start: one of the meta pages is changed. */
function changedMeta(random: FuzzRandom): Buffer {
  const at = random.pick([0, 4096]);
  const page = mutate(random, META.subarray(at, at + 160));
  const size = Buffer.alloc(4);
  size.writeUInt32LE(random.once(4) ? random.bits() : META.length);
  return Buffer.concat([size, META.subarray(0, at), page, META.subarray(at + page.length)]);
}
