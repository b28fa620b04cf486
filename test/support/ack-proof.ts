import { baseOffset, batchSize, lastOffset } from '../../engine/batch/header.js';
import { segmentFileName } from '../../engine/disk/file-names.js';
import type { JournalEntry, SimDisk } from './sim-disk.js';

/** An acknowledgement, and when the journal saw it. */
export interface SeenAcknowledgement {
  /** The partition's folder. */
  readonly folder: string;
  readonly baseOffset: number;
  /** Inclusive. */
  readonly lastOffset: number;
  /** Position in the journal. */
  readonly sequence: number;
}

interface PlacedBatch {
  readonly path: string;
  readonly position: number;
  readonly size: number;
}

/**
 * Proves by the journal that every acknowledgement came after a successful sync of the very file
 * that holds its batch, submitted after the write, and after syncs of the names above it. Returns
 * what is not so, a line each; looks only at what was done, never at what the engine says of
 * itself.
 */
export async function unprovenAcknowledgements(
  disk: SimDisk,
  seen: readonly SeenAcknowledgement[],
): Promise<string[]> {
  const problems: string[] = [];
  const places = new Map<string, Map<number, PlacedBatch>>();
  for (const acknowledgement of seen) {
    const { folder, sequence } = acknowledgement;
    let batches = places.get(folder);
    if (!batches) {
      batches = await batchesIn(disk, folder);
      places.set(folder, batches);
    }
    const place = batches.get(acknowledgement.baseOffset);
    const what = `${folder} offset ${acknowledgement.baseOffset}`;
    if (!place) problems.push(`${what} is in no file`);
    else problems.push(...unproven(disk, place, sequence).map((problem) => `${what}: ${problem}`));
  }
  return problems;
}

function unproven(disk: SimDisk, place: PlacedBatch, sequence: number): string[] {
  const problems: string[] = [];
  const created = disk.journal.find(
    (entry) => isDone(entry, ['openSync', 'open']) && entry.path === place.path,
  );
  const writes = disk.journal.filter(
    (entry) =>
      isDone(entry, ['writevSync', 'writev']) &&
      entry.file === created?.file &&
      entry.sequence < sequence &&
      entry.position! < place.position + place.size &&
      entry.position! + entry.size! > place.position,
  );
  if (writes.length === 0) problems.push('was never written');
  for (const write of writes) {
    if (!disk.wasSyncedBy(write, sequence))
      problems.push('its file was not synced after the write');
  }
  if (!created || !disk.wasNameSyncedBy(created, sequence)) {
    problems.push("its file's name was not synced");
  }
  const folder = disk.journal.find(
    (entry) =>
      isDone(entry, ['mkdirSync', 'mkdir']) &&
      place.path.startsWith(`${entry.path}/`) &&
      entry.path.includes('-'),
  );
  if (!folder || !disk.wasNameSyncedBy(folder, sequence)) {
    problems.push("its folder's name was not synced");
  }
  return problems;
}

function isDone(entry: JournalEntry, kinds: readonly JournalEntry['kind'][]): boolean {
  return entry.phase === 'completed' && kinds.includes(entry.kind);
}

/** Where each batch lies, by base offset. */
async function batchesIn(disk: SimDisk, folder: string): Promise<Map<number, PlacedBatch>> {
  const batches = new Map<number, PlacedBatch>();
  const names = (await disk.readdir(folder)).filter((name) => name.endsWith('.log')).sort();
  let expected = 0;
  for (const name of names) {
    if (name !== segmentFileName(expected, 'log'))
      throw new Error(`${folder}/${name} is no successor`);
    const bytes = disk.readFileSync(`${folder}/${name}`);
    for (let at = 0; at < bytes.length; at += batchSize(bytes, at)) {
      const size = batchSize(bytes, at);
      batches.set(baseOffset(bytes, at), { path: `${folder}/${name}`, position: at, size });
      expected = lastOffset(bytes, at) + 1;
    }
  }
  return batches;
}
