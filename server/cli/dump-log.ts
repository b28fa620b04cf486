import { basename, dirname, join } from 'node:path';
import {
  type DiskFile,
  EngineError,
  type IndexKind,
  type InspectedBatch,
  inspectIndex,
  inspectLog,
  nodeDisk,
  parseSegmentFileName,
} from '../../engine/index.js';
import { CliError } from './cli-error.js';
import { type DumpLines, OBJECTS, TEXTS } from './dump-lines.js';
import { LineWriter } from './output.js';
import { type Progress, withPrintedProgress } from './progress/progress.js';
import type { ReportOptions } from './report.js';

export interface DumpOptions extends ReportOptions {
  /** Print the records of each batch too. */
  readonly records?: boolean;
}

/** Writes a line; null where there is nothing to wait for. */
type Print = (line: string) => Promise<void> | null;

interface Dump {
  readonly lines: DumpLines;
  readonly print: Print;
}

/**
 * Prints the content of a file of a partition's folder: batches of a `.log`, entries of an `.index`
 * or `.timeindex`. Resolves with whether all of it is sound. Rejects with CliError for a file that
 * is none of these.
 */
export async function dumpLog(path: string, options: DumpOptions): Promise<boolean> {
  const file = await openFile(path);
  try {
    return await withPrintedProgress('Reading', async (progress) => {
      const out = new LineWriter(progress.clearForStdout);
      const kind = indexKindOf(path);
      const lines = options.json ? OBJECTS : TEXTS;
      const print: Print = (line) => out.write(line);
      const sound =
        kind === null
          ? await dumpBatches(file, path, { lines, print }, options, progress)
          : await dumpEntries(file, path, kind, { lines, print });
      await out.flush();
      return sound;
    });
  } finally {
    await file.close();
  }
}

async function dumpBatches(
  file: DiskFile,
  path: string,
  { lines, print }: Dump,
  { records = false }: DumpOptions,
  progress: Progress,
): Promise<boolean> {
  const total = await file.size();
  let batches = 0;
  let recordCount = 0;
  let bytes = 0;
  let bad = 0;
  for await (const found of inspectLog(file)) {
    if (found.kind === 'damage') {
      if (found.position === 0 && !found.torn) {
        throw new CliError(
          `${path} is not a log: ${found.problem}; name a .log, .index or .timeindex file`,
        );
      }
      bad += 1;
      await print(lines.damage(found));
      continue;
    }
    batches += 1;
    bytes += found.size;
    progress.report({ done: bytes, total, unit: 'bytes' });
    if (Number.isFinite(found.recordCount)) recordCount += Math.max(0, found.recordCount);
    await print(lines.batch(found));
    let sound = found.crcMatches && found.problem === null;
    if (records && sound) sound = await dumpRecords(found, { lines, print });
    if (!sound) bad += 1;
  }
  await print(lines.summary(path, { batches, records: recordCount, bytes }, bad));
  return bad === 0;
}

/** Whether all records could be read. */
async function dumpRecords(batch: InspectedBatch, { lines, print }: Dump): Promise<boolean> {
  try {
    for (const record of await batch.records()) await print(lines.record(record));
    return true;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    await print(lines.recordDamage(error.message));
    return false;
  }
}

async function dumpEntries(
  file: DiskFile,
  path: string,
  kind: IndexKind,
  { lines, print }: Dump,
): Promise<boolean> {
  const baseOffset = parseSegmentFileName(basename(path))?.baseOffset ?? 0;
  const log = kind === 'index' ? await openLogBeside(path) : null;
  let entries = 0;
  let bad = 0;
  try {
    const walk = inspectIndex(file, kind);
    let step = await walk.next();
    for (; !step.done; step = await walk.next()) {
      const { relativeOffset, value, problem } = step.value;
      const offset = baseOffset + relativeOffset;
      const wrong = problem ?? (log === null ? null : await mismatch(log, Number(value), offset));
      entries += 1;
      if (wrong !== null) bad += 1;
      await print(lines.entry(kind, { offset, value, problem: wrong }));
    }
    const { unusedBytes, leftOverBytes } = step.value;
    if (unusedBytes > 0) await print(lines.unused(unusedBytes));
    if (leftOverBytes > 0) {
      bad += 1;
      await print(lines.leftOver(leftOverBytes));
    }
  } finally {
    await log?.close();
  }
  await print(lines.summary(path, { entries }, bad));
  return bad === 0;
}

/**
 * The problem of an index entry, if the log beside it shows one: the batch at the position must end
 * with the offset.
 */
async function mismatch(log: DiskFile, position: number, offset: number): Promise<string | null> {
  for await (const found of inspectLog(log, position)) {
    if (found.kind === 'damage') return `there is no batch at that position: ${found.problem}`;
    return found.lastOffset === offset ? null : `the batch there ends with ${found.lastOffset}`;
  }
  return 'the position lies beyond the end of the log';
}

function indexKindOf(path: string): IndexKind | null {
  const kind = parseSegmentFileName(basename(path))?.kind;
  return kind === 'index' || kind === 'timeindex' ? kind : null;
}

/** The `.log` of an `.index`, or null if there is none. */
async function openLogBeside(path: string): Promise<DiskFile | null> {
  const name = basename(path).replace('.index', '.log');
  return nodeDisk.open(join(dirname(path), name), 'read').catch(() => null);
}

async function openFile(path: string): Promise<DiskFile> {
  const found = await nodeDisk.stat(path);
  if (found === null) throw new CliError(`${path}: there is no such file`);
  if (found.isDirectory) {
    throw new CliError(`${path} is a folder: name a file in it, such as 00000000000000000000.log`);
  }
  return nodeDisk.open(path, 'read');
}
