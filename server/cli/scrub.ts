import { basename, dirname, join, resolve } from 'node:path';
import {
  CATALOG_FILE,
  IDENTITY_FILE,
  KnownLogs,
  nodeDisk,
  type PartitionFolder,
  parsePartitionFolderName,
  parseSegmentFileName,
  partitionFolders,
  readTopicId,
  scrubFolder,
} from '../../engine/index.js';
import { CliError } from './cli-error.js';
import { LineWriter } from './output.js';
import { withPrintedProgress } from './progress/progress.js';
import type { ReportOptions } from './report.js';
import { objectLines, type ScrubLines, textLines } from './scrub-lines.js';

/**
 * Reads every batch of a partition's folder, or of all folders in a data directory, and prints the
 * damage. A broker may run on it; nothing is changed. Resolves with whether all is sound.
 */
export async function scrub(path: string, options: ReportOptions = {}): Promise<boolean> {
  const folders = await foldersAt(resolve(path));
  const total = await bytesOf(folders);
  return withPrintedProgress('Scrubbing', (progress) => {
    let done = 0;
    const out = new LineWriter(progress.clearForStdout);
    const lines = options.json ? objectLines(out) : textLines(out);
    return scrubFolders(path, folders, lines, (bytes) => {
      done += bytes;
      progress.report({ done, total, unit: 'bytes' });
    });
  });
}

async function scrubFolders(
  path: string,
  folders: readonly PartitionFolder[],
  lines: ScrubLines,
  onRead: (bytes: number) => void,
): Promise<boolean> {
  let segments = 0;
  let batches = 0;
  let places = 0;
  const root = rootOf(resolve(path), folders);
  const catalog = new KnownLogs(join(root, CATALOG_FILE));
  await catalog.read();
  for (const each of folders) {
    const found = await scrubFolder(nodeDisk, each.folder, catalog.logStartOf(each), onRead);
    const findings = [...found.findings, ...(await catalog.missingAtEnds(each, found))];
    segments += found.segments;
    batches += found.batches;
    places += findings.length;
    const { torn } = found;
    const isCutOff = torn !== null && !findings.some((finding) => finding.path === torn.path);
    if (isCutOff) await lines.torn(torn);
    if (findings.length > 0) await lines.damage(each, findings);
  }
  const isBlind = segments > 0 && catalog.state !== 'sound';
  const partitions = folders.length;
  const summary = { folder: resolve(path), batches, segments, partitions, damaged: places };
  await lines.summary({ ...summary, root, catalog: catalog.state, isBlind });
  // A single folder may lie outside a data directory, without a catalog beside it.
  const isLost = isBlind && (catalog.state === 'damaged' || root === resolve(path));
  return places === 0 && !isLost;
}

/** Bytes of the segments, as far as they are there: a broker may delete some meanwhile. */
async function bytesOf(folders: readonly PartitionFolder[]): Promise<number> {
  let bytes = 0;
  for (const { folder } of folders) {
    const names = await nodeDisk.readdir(folder).catch(() => []);
    for (const name of names) {
      if (parseSegmentFileName(name)?.kind !== 'log') continue;
      bytes += (await nodeDisk.stat(join(folder, name)))?.size ?? 0;
    }
  }
  return bytes;
}

/** The data directory: where only one partition's folder is read, the folder that holds it. */
function rootOf(path: string, folders: readonly PartitionFolder[]): string {
  return folders[0]?.folder === path ? dirname(path) : path;
}

async function foldersAt(path: string): Promise<readonly PartitionFolder[]> {
  const found = await nodeDisk.stat(path);
  if (found === null) throw new CliError(`${path}: there is no such folder`);
  if (!found.isDirectory) {
    throw new CliError(`${path} is a file: "odradek dump-log ${path}" shows and checks it`);
  }
  const parsed = parsePartitionFolderName(basename(path));
  const names = await nodeDisk.readdir(path);
  if (parsed?.state === 'live' && !names.includes(IDENTITY_FILE)) {
    return [{ ...parsed, folder: path, topicId: readTopicId(nodeDisk, path) }];
  }
  if (!names.includes(IDENTITY_FILE)) {
    throw new CliError(
      `${path} has no ${IDENTITY_FILE}: name an odradek data directory, or a partition's folder in it`,
    );
  }
  return partitionFolders(nodeDisk, path);
}
