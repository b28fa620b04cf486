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
  repairCommand,
  type ScrubFinding,
  scrubFolder,
} from '../../engine/index.js';
import { CliError } from './cli-error.js';
import { counted } from './counted.js';
import { CLI_LIMITS } from './limits.js';
import { LineWriter } from './output.js';
import { withPrintedProgress } from './progress/progress.js';

/**
 * Reads every batch of a partition's folder, or of all folders in a data directory, and prints the
 * damage. A broker may run on it; nothing is changed. Resolves with whether all is sound.
 */
export async function scrub(path: string): Promise<boolean> {
  const folders = await foldersAt(resolve(path));
  const total = await bytesOf(folders);
  return withPrintedProgress('Scrubbing', (progress) => {
    let done = 0;
    return scrubFolders(path, folders, new LineWriter(progress.clearForStdout), (bytes) => {
      done += bytes;
      progress.report({ done, total, unit: 'bytes' });
    });
  });
}

async function scrubFolders(
  path: string,
  folders: readonly PartitionFolder[],
  out: LineWriter,
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
    if (isCutOff) await out.write(`${findingLine(torn)}; the next start cuts it off`);
    if (findings.length === 0) continue;
    const shown = findings.slice(0, CLI_LIMITS.problemsShownMax);
    for (const finding of shown) await out.write(findingLine(finding));
    const more = findings.length - shown.length;
    if (more > 0) await out.write(`${each.folder}: and ${counted(more, 'more place')}`);
    const command = repairCommand(dirname(each.folder), each.topic, each.partition);
    await out.write('  stop the broker, and restore the file from a copy; without one:');
    await out.write(`  ${command.replace(/ --execute$/, '')} says what a repair would lose, and`);
    await out.write(`  ${command} does it`);
    await out.flush();
  }
  const read = [
    counted(batches, 'whole batch', 'whole batches'),
    counted(segments, 'segment'),
    counted(folders.length, 'partition'),
  ];
  const isBlind = segments > 0 && catalog.state !== 'sound';
  if (isBlind) {
    await out.write(
      `${join(root, CATALOG_FILE)} is ${catalog.state}: missing first and last segments cannot be told; run 'odradek catalog check ${root}' with the broker stopped`,
    );
  }
  const none = isBlind ? 'no damage in what is there' : 'no damage';
  const verdict = places === 0 ? none : `DAMAGED in ${counted(places, 'place')}`;
  await out.write(`${resolve(path)}: ${read.join(', ')}, ${verdict}`);
  await out.flush();
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

function findingLine({ path, position, offset, problem }: ScrubFinding): string {
  return `${path}: byte ${position} (offset ${offset}): ${problem}`;
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
