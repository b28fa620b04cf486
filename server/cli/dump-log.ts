import { basename, dirname, join } from 'node:path';
import {
  type DiskFile,
  EngineError,
  type IndexKind,
  type InspectedBatch,
  type InspectedDamage,
  inspectIndex,
  inspectLog,
  nodeDisk,
  parseSegmentFileName,
  type RecordView,
  type Timestamp,
} from '../../engine/index.js';
import { escapeClientText } from '../logging/escape.js';
import { CliError } from './cli-error.js';
import { counted } from './counted.js';
import { CLI_LIMITS } from './limits.js';
import { LineWriter } from './output.js';
import { type Progress, withPrintedProgress } from './progress/progress.js';

export interface DumpOptions {
  /** Print the records of each batch too. */
  readonly records?: boolean;
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
      const sound =
        kind === null
          ? await dumpBatches(file, path, out, options, progress)
          : await dumpEntries(file, path, kind, out);
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
  out: LineWriter,
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
      await out.write(damageLine(found));
      continue;
    }
    batches += 1;
    bytes += found.size;
    progress.report({ done: bytes, total, unit: 'bytes' });
    if (Number.isFinite(found.recordCount)) recordCount += Math.max(0, found.recordCount);
    await out.write(batchLine(found));
    let sound = found.crcMatches && found.problem === null;
    if (records && sound) sound = await dumpRecords(found, out);
    if (!sound) bad += 1;
  }
  await out.write(summary(path, `batches=${batches} records=${recordCount} bytes=${bytes}`, bad));
  return bad === 0;
}

/** Whether all records could be read. */
async function dumpRecords(batch: InspectedBatch, out: LineWriter): Promise<boolean> {
  try {
    for (const record of await batch.records()) await out.write(recordLine(record));
    return true;
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    await out.write(`  damage: ${error.message}`);
    return false;
  }
}

async function dumpEntries(
  file: DiskFile,
  path: string,
  kind: IndexKind,
  out: LineWriter,
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
      const what = kind === 'index' ? `position=${value}` : `timestamp=${timeText(value)}`;
      const wrong = problem ?? (log === null ? null : await mismatch(log, Number(value), offset));
      entries += 1;
      if (wrong !== null) bad += 1;
      await out.write(`offset=${offset} ${what}${wrong === null ? '' : ` damage: ${wrong}`}`);
    }
    const { unusedBytes, leftOverBytes } = step.value;
    if (unusedBytes > 0) await out.write(`unused bytes=${unusedBytes}`);
    if (leftOverBytes > 0) {
      bad += 1;
      await out.write(
        `damage: ${counted(leftOverBytes, 'byte at the end makes', 'bytes at the end make')} no whole entry`,
      );
    }
  } finally {
    await log?.close();
  }
  await out.write(summary(path, `entries=${entries}`, bad));
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

function batchLine(batch: InspectedBatch): string {
  const { producerId, producerEpoch, baseSequence } = batch;
  const producer =
    producerId === -1 ? 'none' : `${producerId} epoch=${producerEpoch} sequence=${baseSequence}`;
  const marks = [
    batch.transactional ? ' transactional' : '',
    batch.control ? ' control' : '',
    batch.problem === null ? '' : ` damage: ${batch.problem}`,
  ];
  return [
    `offsets=${batch.baseOffset}-${batch.lastOffset}`,
    `records=${batch.recordCount}`,
    `position=${batch.position}`,
    `size=${batch.size}`,
    `codec=${batch.codec ?? 'unknown'}`,
    `crc=${batch.crcMatches ? 'ok' : 'BAD'}`,
    `time=${timeText(batch.baseTimestampMs)}/${timeText(batch.maxTimestampMs)}`,
    `time.type=${batch.timestampType}`,
    `leader.epoch=${batch.leaderEpoch}`,
    `producer=${producer}${marks.join('')}`,
  ].join(' ');
}

function recordLine({ offset, timestamp, key, value, headers }: RecordView): string {
  const shownHeaders = headers.map((header) => `${text(header.key)}:${bytesText(header.value)}`);
  const end = headers.length === 0 ? '' : ` headers=${shownHeaders.join(',')}`;
  return `  offset=${offset} time=${timeText(timestamp)} key=${bytesText(key)} value=${bytesText(value)}${end}`;
}

function damageLine({ position, size, problem, torn }: InspectedDamage): string {
  const advice = torn
    ? 'a crash leaves such an end, and the broker cuts it off when it opens the log'
    : 'what follows cannot be read; keep a copy of the file before anything else';
  return `damage: position=${position} size=${size}: ${problem}; ${advice}`;
}

function summary(path: string, counts: string, bad: number): string {
  return `${path}: ${counts} ${bad === 0 ? 'no damage' : `DAMAGED in ${counted(bad, 'place')}`}`;
}

function timeText(ms: Timestamp): string {
  if (ms === -1) return 'none';
  if (typeof ms === 'bigint') return String(ms);
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
}

function bytesText(bytes: Uint8Array | null): string {
  return bytes === null ? 'null' : `"${escapeClientText(bytes, CLI_LIMITS.shownLengthMax)}"`;
}

function text(key: string): string {
  return escapeClientText(key, CLI_LIMITS.shownLengthMax);
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
