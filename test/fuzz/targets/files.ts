import { openIdentity } from '../../../engine/disk/directory-identity.js';
import {
  parsePartitionFolderName,
  parsePartitionMetadata,
  parseSegmentFileName,
  partitionFolderName,
  partitionMetadataText,
  segmentFileName,
} from '../../../engine/disk/file-names.js';
import { seededRandom } from '../../../engine/index.js';
import { readLogStartFile, writeLogStart } from '../../../engine/log/durability/log-start-file.js';
import { OffsetIndex } from '../../../engine/log/segments/offset-index.js';
import { TimeIndex } from '../../../engine/log/segments/time-index.js';
import { SimDisk } from '../../support/sim-disk.js';
import type { FuzzRandom } from '../lib/fuzz-random.js';
import { mutate, noise } from '../lib/mutate.js';
import { orEngineError } from '../lib/refusal.js';
import { BrokenPromise, type Life, stateless, type Target } from '../lib/target.js';

const NAMES = [
  '00000000000000001234.log',
  '00000000000000001234.timeindex.swap',
  'a-topic.with_dots-12',
  'a-topic-3.00112233445566778899aabbccddeeff-delete',
].map((name) => Buffer.from(name));
const METADATA = Buffer.from(partitionMetadataText('AAAAAAAAAAAAAAAAAAAAAQ'));

const names = stateless(
  'file.names',
  (random) => mutate(random, random.pick(NAMES), random.pick(NAMES)),
  (bytes) => {
    const name = bytes.toString('latin1');
    const segment = parseSegmentFileName(name);
    if (segment !== null) {
      const { baseOffset, kind, state } = segment;
      if (segmentFileName(baseOffset, kind, state) !== name) throw new BrokenPromise(name);
    }
    const folder = parsePartitionFolderName(name);
    if (folder?.state === 'live') {
      if (partitionFolderName(folder.topic, folder.partition) !== name) {
        throw new BrokenPromise(name);
      }
    }
  },
);

const metadata = stateless(
  'file.partition-metadata',
  (random) => mutate(random, METADATA),
  (bytes) => {
    const id = parsePartitionMetadata(bytes.toString('utf8'));
    if (id !== null && !/^[\w-]{22}$/.test(id)) throw new BrokenPromise(`the id ${id}`);
  },
);

/** Small files have a checksum: only what was written may be read. */
function smallFile(name: string, open: (disk: SimDisk) => Promise<unknown>, path: string): Target {
  return {
    name,
    inputsPerLife: 500,
    isStateless: true,
    begin: async () => {
      const disk = new SimDisk();
      disk.mkdirSync('/data');
      await open(disk);
      const whole = await disk.readFile(path);
      const file = disk.openSync(path, 'write');
      return {
        make: (random) => (random.once(20) ? noise(random, 200) : mutate(random, whole)),
        feed: async (bytes) => {
          file.truncateSync(0);
          if (bytes.length > 0) file.writevSync([bytes], 0);
          await open(disk);
          disk.journal.length = 0;
        },
      } satisfies Life;
    },
  };
}

const IDENTITY_REFUSALS = ['NOT_A_DATA_DIRECTORY', 'FORMAT_TOO_NEW', 'DAMAGED_FILE'] as const;
const identity = smallFile(
  'file.meta-properties',
  (disk) => orEngineError(IDENTITY_REFUSALS, openIdentity(disk, '/data', seededRandom(1))),
  '/data/meta.properties',
);

const logStart = smallFile(
  'file.log-start-offset',
  async (disk) => {
    const read = await readLogStartFile(disk, '/data');
    if (read !== 0 && read !== 1_234) throw new BrokenPromise(`a log start offset of ${read}`);
    if (read === 0) await writeLogStart(disk, '/data', 1_234);
  },
  '/data/log-start-offset',
);

const offsetIndex = stateless('index.offset', indexOf([8, 4]), (bytes) => {
  const index = OffsetIndex.decode(bytes);
  if (index === null) return;
  for (let slot = 0; slot < index.count; slot++) {
    const found = index.floorByPosition(index.positionAt(slot));
    if (found !== slot) throw new BrokenPromise(`slot ${slot} is found as ${found}`);
  }
  if (!index.encode().equals(bytes)) throw new BrokenPromise('an index changed by being read');
});

const timeIndex = stateless('index.time', indexOf([12, 8]), (bytes) => {
  const index = TimeIndex.decode(bytes);
  if (index === null) return;
  for (let slot = 0; slot < index.count; slot++) {
    const found = index.lastBelow(index.timestampAt(slot));
    if (found !== slot - 1) throw new BrokenPromise(`slot ${slot} is found behind ${found}`);
  }
  if (!index.encode().equals(bytes)) throw new BrokenPromise('an index changed by being read');
});

/** Entries of which both numbers rise, then changed. */
function indexOf([entrySize, secondAt]: readonly [number, number]) {
  return (random: FuzzRandom): Buffer => {
    const count = random.below(40);
    const bytes = Buffer.alloc(count * entrySize);
    let first = 0;
    let second = 0;
    for (let at = 0; at < bytes.length; at += entrySize) {
      first += 1 + random.below(100);
      second += 1 + random.below(5_000);
      bytes.writeInt32BE(first, secondAt === 8 ? at + 4 : at);
      bytes.writeInt32BE(second, at + secondAt);
    }
    return random.once(4) ? bytes : mutate(random, bytes);
  };
}

export const FILE_TARGETS: readonly Target[] = [
  names,
  metadata,
  identity,
  logStart,
  offsetIndex,
  timeIndex,
];
