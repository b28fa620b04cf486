import { join, resolve } from 'node:path';
import {
  CATALOG_FILE,
  DEFAULT_LOG_SETTINGS,
  type Engine,
  EngineError,
  hasSegments,
  IDENTITY_FILE,
  inspectCatalog,
  inspectIdentity,
  nodeDisk,
  noLocker,
  openEngine,
  type PartitionFolder,
  partitionFolders,
  replaceCatalog,
  restoreIdentity,
  strayFolders,
  systemLocker,
  systemRandom,
  usableEntries,
} from '../../engine/index.js';
import { METADATA_FILE } from '../metadata/catalog-store.js';
import { TOPICS_PREFIX, type TopicRecord } from '../metadata/records.js';
import { restoreMetadata } from '../metadata/restored-metadata.js';
import { metadataChanges, storedMetadata } from '../metadata/stored-metadata.js';
import {
  advice,
  type Found,
  fileFindings,
  folderProblems,
  identityLine,
  isCatalogMissed,
  isMetadataMissed,
  needsRebuild,
  stateLines,
  strayLines,
} from './catalog-findings.js';
import { CliError } from './cli-error.js';
import { counted } from './counted.js';
import { CLI_LIMITS } from './limits.js';
import { offsetsTopicPartitions } from './offsets-partitions.js';
import { LineWriter } from './output.js';
import { withPrintedProgress } from './progress/progress.js';
import type { ReportOptions } from './report.js';

export interface RebuildOptions {
  /** The node that owns the partitions, where no file tells it any more. Default 1. */
  readonly nodeId?: number;
}

/**
 * Reads both catalogs of a data directory whole and prints their problems, and the folders that
 * they do not know. Resolves with whether all is sound. Changes nothing. Rejects DIRECTORY_LOCKED
 * while a broker runs.
 */
export async function checkCatalogs(dir: string, { json }: ReportOptions = {}): Promise<boolean> {
  return withDirectory(dir, async (found) => {
    const out = new LineWriter();
    const strangers = folderProblems(found);
    const isSound = !needsRebuild(found) && strangers.length === 0;
    for (const line of [...fileFindings(found), ...strangers, ...strayLines(found)]) {
      await out.write(json ? JSON.stringify({ kind: 'finding', text: line.trim() }) : line);
    }
    const verdict = isSound ? 'no damage' : advice(found);
    const summary = { kind: 'summary', folder: found.root, isSound, advice: verdict };
    await out.write(json ? JSON.stringify(summary) : verdict);
    await out.flush();
    return isSound;
  });
}

/**
 * Makes new catalogs in the place of those that are damaged or lost, from what can still be read of
 * them, from each other and from the folders; the old files are kept. Prints what it did and which
 * facts remain unknown. Rejects DIRECTORY_LOCKED while a broker runs.
 */
export async function rebuildCatalogs(dir: string, options: RebuildOptions): Promise<void> {
  await withDirectory(dir, async (found) => {
    const out = new LineWriter();
    if (!needsRebuild(found)) {
      for (const line of strayLines(found)) await out.write(line);
      await out.write(`${found.root}: both catalogs are sound, nothing was changed`);
      await out.flush();
      return;
    }
    for (const inspection of [found.catalog, found.metadata]) {
      for (const line of stateLines(inspection)) await out.write(line);
    }
    await out.flush();
    if (found.identity !== 'sound') await rebuildIdentity(found, out);
    const topics = await rebuildMetadata(found, options, out);
    const unserved = await rebuildCatalog(found, topics, out);
    for (const line of strayLines(found)) await out.write(line);
    await out.write(
      unserved === 0
        ? 'done: start the broker'
        : `done, but ${counted(unserved, 'partition')} cannot be served until the damage above is repaired: start the broker for the others`,
    );
    await out.flush();
  });
}

async function withDirectory<T>(dir: string, use: (found: Found) => Promise<T>): Promise<T> {
  const root = resolve(dir);
  const identity = await inspectIdentity(nodeDisk, root);
  if (identity === 'missing' && (await nodeDisk.stat(join(root, CATALOG_FILE))) === null) {
    throw new CliError(
      `${root} has no ${IDENTITY_FILE} and no ${CATALOG_FILE}: name an odradek data directory`,
    );
  }
  const lock = await systemLocker.lock(root);
  try {
    return await use({
      root,
      identity,
      catalog: await inspectCatalog(join(root, CATALOG_FILE)),
      metadata: await inspectCatalog(join(root, METADATA_FILE)),
      folders: await partitionFolders(nodeDisk, root),
      hasSegments: await hasSegments(nodeDisk, root),
      strays: await strayFolders(nodeDisk, root),
    });
  } finally {
    await lock.release();
  }
}

async function rebuildIdentity(found: Found, out: LineWriter): Promise<void> {
  let epochMax = 0;
  for (const { key, value } of found.catalog.entries) {
    if (key[0] !== 'log' || key[3] !== 'checkpoint') continue;
    const { epochs } = value as { readonly epochs: readonly (readonly [number, number])[] };
    for (const [epoch] of epochs) epochMax = Math.max(epochMax, epoch);
  }
  epochMax += CLI_LIMITS.epochsSkipped;
  await restoreIdentity(nodeDisk, found.root, { random: systemRandom, epochMax });
  await out.write(
    `${identityLine(found)}; made anew, with a leader epoch above every one that is known`,
  );
}

/** Topic ids by name, as the broker will know them; empty where no broker had the directory. */
async function rebuildMetadata(
  found: Found,
  { nodeId = 1 }: RebuildOptions,
  out: LineWriter,
): Promise<ReadonlyMap<string, string>> {
  const { catalog, metadata, folders } = found;
  const own = storedMetadata(metadata);
  const copy = storedMetadata(catalog);
  const isLost = metadata.state === 'damaged' || isMetadataMissed(found);
  if (!isLost) return topicIds(own.entries);
  const restored = restoreMetadata({
    own,
    copy,
    folders,
    deletedIds: new Set(
      catalog.entries.flatMap(({ key }) => (key[0] === 'deleted' ? [String(key[1])] : [])),
    ),
    nodeId,
    offsetsPartitions: await offsetsTopicPartitions(folders),
  });
  const kept = await replaceCatalog(
    metadata.path,
    metadataChanges(restored.entries, restored.revision),
  );
  const ids = topicIds(restored.entries);
  await out.write(
    `${metadata.path}: made anew with ${counted(ids.size, 'topic')}${kept === null ? '' : `; the old one is ${kept}`}`,
  );
  for (const warning of restored.warnings) await out.write(`WARNING: ${warning}`);
  await out.flush();
  return ids;
}

function topicIds(entries: ReadonlyMap<string, { readonly value: unknown }>): Map<string, string> {
  const ids = new Map<string, string>();
  for (const [key, { value }] of entries) {
    if (key.startsWith(TOPICS_PREFIX))
      ids.set(key.slice(TOPICS_PREFIX.length), (value as TopicRecord).id);
  }
  return ids;
}

/** Resolves with the number of partitions that cannot be served. */
async function rebuildCatalog(
  found: Found,
  topics: ReadonlyMap<string, string>,
  out: LineWriter,
): Promise<number> {
  const { root, catalog, folders } = found;
  const isLost = catalog.state === 'damaged' || isCatalogMissed(found);
  if (!isLost) return 0;
  const kept = await replaceCatalog(catalog.path, usableEntries(catalog));
  await out.write(`${catalog.path}: made anew${kept === null ? '' : `; the old one is ${kept}`}`);
  await out.flush();
  const told: string[] = [];
  const tell = (_: object, message: string): void => void told.push(message);
  const logger = { info: () => {}, warn: tell, error: tell };
  return withPrintedProgress('Reading logs', async (progress) => {
    const onProgress = progress.report;
    const engine = await openEngine(root, { locker: noLocker, logger, onProgress });
    try {
      return await engine.openMany(folders.length, () =>
        readLogs(engine, folders, topics, told, new LineWriter(progress.clearForStdout)),
      );
    } finally {
      await engine.close();
    }
  });
}

/**
 * Opening a log without a checkpoint reads all of it; closing the engine writes the checkpoint.
 * Lines that the engine has `told` meanwhile, such as an assumed log start, are printed. Resolves
 * with the number of damaged logs.
 */
async function readLogs(
  engine: Engine,
  folders: readonly PartitionFolder[],
  topics: ReadonlyMap<string, string>,
  told: string[],
  out: LineWriter,
): Promise<number> {
  let damaged = 0;
  for (const { folder, topic, partition, topicId } of folders) {
    const id = topics.get(topic) ?? topicId;
    if (id === null) continue;
    try {
      await engine.openPartition({ topic, topicId: id, partition }, DEFAULT_LOG_SETTINGS);
    } catch (error) {
      if (!(error instanceof EngineError) || error.code !== 'DAMAGED_LOG') throw error;
      damaged += 1;
      await out.write(`WARNING: ${folder} is not served: ${error.message}`);
    }
    for (const message of told.splice(0)) await out.write(`WARNING: ${message}`);
  }
  await out.write(`${counted(folders.length, 'log')} read`);
  await out.flush();
  return damaged;
}
