import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildBatchSync } from '../../engine/batch/builder.js';
import { PRODUCER_ID_AT } from '../../engine/batch/header.js';
import { writeInt64 } from '../../engine/batch/int64.js';
import { stampCrc } from '../../engine/batch/stamp.js';
import { encodeKey } from '../../engine/catalog/key-codec.js';
import { sealValue } from '../../engine/catalog/value-codec.js';
import { IDENTITY_FILE } from '../../engine/disk/directory-identity.js';
import { writeSmallFile } from '../../engine/disk/small-file.js';
import {
  ManualClock,
  MemoryCatalog,
  type NewEvent,
  nodeDisk,
  noLocker,
  openEngine,
  seededRandom,
} from '../../engine/index.js';
import { createInlineRunner } from '../../engine/maintenance/inline-runner.js';
import { restingClock } from '../support/resting-clock.js';

/**
 * Where batches of Apache Kafka's own producer lie: compressed bytes differ from one version of a
 * codec to the next, these do not.
 */
const FOREIGN = new URL('../golden/batch/', import.meta.url);
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

export const TOPIC_IDS = {
  plain: 'AAAAAAAAAAAAAAAAAAAAAQ',
  codecs: 'AAAAAAAAAAAAAAAAAAAAAg',
  shrunk: 'AAAAAAAAAAAAAAAAAAAAAw',
} as const;

/**
 * The records of the log `plain`: all kinds of keys, values, headers and timestamps, in batches of
 * one to four.
 */
export function plainBatches(): NewEvent[][] {
  const random = seededRandom(7);
  const start = Date.UTC(2026, 0, 1);
  return Array.from({ length: 40 }, (_, batch) =>
    Array.from({ length: 1 + (batch % 4) }, (_, at) => ({
      key: at === 1 ? null : `key ${batch % 5}`,
      value:
        batch % 7 === 3 ? null : `${batch}.${at} ${'ü'.repeat(Math.floor(random.next() * 60))}`,
      headers: batch % 3 === 0 ? [[`h${at}`, 'x'] as const, ['empty', null] as const] : [],
      // Every fifth batch is older than the one before.
      timestamp: start + batch * 1000 - (batch % 5 === 4 ? 5000 : 0) + at,
    })),
  );
}

/** The ready batches of the log `codecs`, each from a producer of its own. */
export function foreignBatches(): Buffer[] {
  return CODECS.map((codec, at) => {
    const batch = readFileSync(new URL(`kafka-4.3.1-${codec}-3.batch`, FOREIGN));
    writeInt64(batch, PRODUCER_ID_AT, 1000 + at);
    stampCrc(batch);
    return batch;
  });
}

/**
 * Writes the golden data directory at `root`, an empty folder; the same bytes every time. Returns
 * the catalog's entries, in hex.
 */
export async function writeDataDirectory(root: string): Promise<string> {
  // As if it had crashed twice before: the third unclean open stamps epoch 3.
  await writeSmallFile(nodeDisk, join(root, IDENTITY_FILE), [
    ['format.version', '2'],
    ['directory.id', 'EREREREREREREREREREREQ'],
    ['clean.stop', 'false'],
    ['unclean.opens', '2'],
  ]);
  const clock = new ManualClock();
  const catalog = new MemoryCatalog({ clock });
  const engine = await openEngine(root, {
    clock,
    random: seededRandom(1),
    jobs: createInlineRunner(nodeDisk, restingClock().resting),
    locker: noLocker,
    openCatalog: async () => catalog,
  });
  const segments = { segmentBytes: 2000, indexIntervalBytes: 300 };

  const plain = await engine.log('plain', { ...segments, topicId: TOPIC_IDS.plain });
  for (const events of plainBatches()) await plain.append(events);

  const codecs = await engine.log('codecs', { topicId: TOPIC_IDS.codecs, timestampType: 'create' });
  for (const batch of foreignBatches()) await codecs.appendBatch(batch);

  const shrunk = await engine.log('shrunk', {
    ...segments,
    topicId: TOPIC_IDS.shrunk,
    timestampType: 'append',
    fileDeleteDelayMs: 0,
  });
  for (let at = 0; at < 30; at++) {
    clock.advance(10);
    const value = `value ${at} `.repeat(10);
    await shrunk.appendBatch(buildBatchSync([{ key: `${at}`, value, timestamp: at }]));
  }
  await shrunk.deleteBefore(15);
  clock.advance(1);
  // The catalog closes with the engine; each log's close writes its last checkpoint before.
  for (const log of [plain, codecs, shrunk]) await log.close();
  const entries = catalog.range([]).map(({ key, value }) => {
    const bytes = encodeKey(key);
    return [bytes, sealValue(bytes, value)];
  });
  await engine.close();
  return entries.map((bytes) => bytes.map((part) => part.toString('hex')).join(' ')).join('\n');
}
