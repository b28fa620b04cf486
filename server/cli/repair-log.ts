import { resolve } from 'node:path';
import {
  type PartitionRepair,
  repairPartition,
  type SegmentRepair,
  type UndoneSwap,
} from '../../engine/index.js';
import { counted } from './counted.js';
import { LineWriter } from './output.js';
import { printLines } from './report.js';

export interface RepairOptions {
  /** Write the repaired segments; otherwise only say what would be done. */
  readonly execute?: boolean;
  /** One object a line, for programs, instead of text for people. */
  readonly json?: boolean;
}

/**
 * Prints the damage in a partition's folder and what a repair saves and loses; with `execute` makes
 * the repair. Resolves with whether the log is sound now. Rejects DIRECTORY_LOCKED while a broker
 * runs.
 */
export async function repairLog(
  path: string,
  { execute = false, json = false }: RepairOptions,
): Promise<boolean> {
  const folder = resolve(path);
  const repair = await repairPartition(folder, { execute });
  const { undone, segments } = repair;
  await (json ? printObjects(folder, repair, execute) : printText(folder, repair, execute));
  return execute || (segments.length === 0 && undone.length === 0);
}

/** Each finding by its `kind`, then a `summary`. */
async function printObjects(
  folder: string,
  { undone, segments }: PartitionRepair,
  executed: boolean,
): Promise<void> {
  const changes = segments.flatMap(({ path, kept, changes }) =>
    changes.map((change) => ({ path, ...change, kept })),
  );
  const summary = { folder, segments: segments.length, lost: lostOffsets(segments), executed };
  const lines = [
    ...undone.map((swap) => ({ kind: 'undone', ...swap })),
    ...changes,
    { kind: 'summary', ...summary },
  ];
  await printLines(lines.map((each) => JSON.stringify(each)));
}

/** The records at so many offsets are lost, at most. */
function lostOffsets(segments: readonly SegmentRepair[]): number {
  return segments
    .flatMap(({ changes }) => changes)
    .reduce((sum, each) => sum + (each.kind === 'lost' ? each.toOffset - each.fromOffset : 0), 0);
}

async function printText(
  folder: string,
  { undone, segments: repairs }: PartitionRepair,
  execute: boolean,
): Promise<void> {
  const out = new LineWriter();
  for (const swap of undone) await out.write(undoneText(swap));
  for (const repair of repairs) {
    for (const change of repair.changes) {
      await out.write(`${repair.path}: ${changeText(change)}`);
    }
    if (repair.kept !== null)
      await out.write(`${repair.path}: the segment as it was is ${repair.kept}`);
  }
  if (undone.length === 0 || execute) {
    await out.write(summary(folder, repairs.length, lostOffsets(repairs), execute));
  } else {
    await out.write(`${folder}: nothing was changed, do it with --execute`);
  }
  await out.flush();
}

function undoneText({ path, restored, kept }: UndoneSwap): string {
  const back = counted(restored.length, 'segment');
  if (kept === null) {
    return `${path}: a compaction is unfinished, and what it made is damaged; a repair puts back ${back} that it replaced`;
  }
  return `${path}: undone, ${back} that it replaced put back; the file is kept as ${kept}`;
}

function changeText(change: SegmentRepair['changes'][number]): string {
  const at = `byte ${change.position}, ${counted(change.size, 'byte')}`;
  if (change.kind === 'mended') return `${at}: the ${change.field} of the batch is mended`;
  if (change.kind === 'covered') {
    return `${at}: an earlier repair filled offsets that the next segment, which is back, has; it is left out`;
  }
  const { fromOffset, toOffset } = change;
  if (fromOffset === toOffset) return `${at}: no batch, and no offset that is missing`;
  return `${at}: LOST, offsets ${fromOffset} to ${toOffset - 1}`;
}

function summary(folder: string, segments: number, lost: number, execute: boolean): string {
  if (segments === 0) return `${folder}: no damage`;
  const losing =
    lost === 0 ? 'nothing is lost' : `the records at ${counted(lost, 'offset')}, at most, are lost`;
  return execute
    ? `${folder}: ${counted(segments, 'segment was', 'segments were')} repaired, ${losing}`
    : `${folder}: ${counted(segments, 'segment is', 'segments are')} damaged, ${losing}; nothing was changed, do it with --execute`;
}
