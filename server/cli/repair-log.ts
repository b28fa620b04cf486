import { resolve } from 'node:path';
import { repairPartition, type SegmentRepair, type UndoneSwap } from '../../engine/index.js';
import { counted } from './counted.js';
import { LineWriter } from './output.js';

export interface RepairOptions {
  /** Write the repaired segments; otherwise only say what would be done. */
  readonly execute?: boolean;
}

/**
 * Prints the damage in a partition's folder and what a repair saves and loses; with `execute` makes
 * the repair. Resolves with whether the log is sound now. Rejects DIRECTORY_LOCKED while a broker
 * runs.
 */
export async function repairLog(
  path: string,
  { execute = false }: RepairOptions,
): Promise<boolean> {
  const folder = resolve(path);
  const { undone, segments: repairs } = await repairPartition(folder, { execute });
  const out = new LineWriter();
  for (const swap of undone) await out.write(undoneText(swap));
  let lost = 0;
  for (const repair of repairs) {
    for (const change of repair.changes) {
      if (change.kind === 'lost') lost += change.toOffset - change.fromOffset;
      await out.write(`${repair.path}: ${changeText(change)}`);
    }
    if (repair.kept !== null)
      await out.write(`${repair.path}: the segment as it was is ${repair.kept}`);
  }
  if (undone.length === 0 || execute) {
    await out.write(summary(folder, repairs.length, lost, execute));
  } else {
    await out.write(`${folder}: nothing was changed, do it with --execute`);
  }
  await out.flush();
  return execute || (repairs.length === 0 && undone.length === 0);
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
