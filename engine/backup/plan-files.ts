import { basename, join } from 'node:path';
import type { Disk } from '../disk/disk.js';
import {
  PARTITION_METADATA_FILE,
  parseSegmentFileName,
  segmentFileName,
} from '../disk/file-names.js';
import type { LogImage, SegmentImage } from '../log/change/log-image.js';
import { LOG_START_FILE } from '../log/durability/log-start-file.js';

/** A file that a backup takes, or a part of it. */
export interface PlannedFile {
  readonly from: string;
  /** Within the backup. */
  readonly to: string;
  /** Bytes of it, from the start on. */
  readonly size: number;
  /** Whether a second name will do: it takes no more appends, and is changed by a copy only. */
  readonly mayLink: boolean;
  readonly isSegment: boolean;
}

/** What a backup takes of one log: files, in a folder. */
export interface PlannedLog {
  /** The name of the folder. */
  readonly folder: string;
  readonly files: readonly PlannedFile[];
}

/**
 * The files of an open log. Index files are left out: appends may be writing them, and whoever
 * opens the backup builds them where they are missing.
 */
export async function planOpenLog(disk: Disk, image: LogImage): Promise<PlannedLog> {
  const folder = basename(image.folder);
  const segment = ({ baseOffset, size }: SegmentImage, mayLink: boolean): PlannedFile => {
    const name = segmentFileName(baseOffset, 'log');
    const [from, to] = [join(image.folder, name), join(folder, name)];
    return { from, to, size, mayLink, isSegment: true };
  };
  const files = image.sealed.map((each) => segment(each, true));
  if (image.active !== null) files.push(segment(image.active, false));
  for (const name of [PARTITION_METADATA_FILE, LOG_START_FILE]) {
    const file = await planFile(disk, image.folder, name, false);
    if (file !== null) files.push(file);
  }
  return { folder, files };
}

/** The files of a log that is not open: all but those that are on their way out. */
export async function planClosedLog(disk: Disk, path: string): Promise<PlannedLog> {
  const names = (await disk.readdir(path)).sort();
  const parsed = names.map((name) => ({ name, segment: parseSegmentFileName(name) }));
  const logs = parsed.filter(({ segment }) => segment?.kind === 'log' && segment.state === null);
  const last = logs.at(-1)?.name;
  const files: PlannedFile[] = [];
  for (const { name, segment } of parsed) {
    const isSmall = name === PARTITION_METADATA_FILE || name === LOG_START_FILE;
    const isWanted = segment !== null && segment.state !== 'deleted' && segment.state !== 'cut';
    if (!isSmall && !isWanted) continue;
    const mayLink = segment?.kind === 'log' && segment.state === null && name !== last;
    const file = await planFile(disk, path, name, mayLink);
    if (file !== null) files.push({ ...file, isSegment: segment?.kind === 'log' });
  }
  return { folder: basename(path), files };
}

/** Null where there is no such file. */
async function planFile(
  disk: Disk,
  folder: string,
  name: string,
  mayLink: boolean,
): Promise<PlannedFile | null> {
  const from = join(folder, name);
  const found = await disk.stat(from);
  if (found === null || found.isDirectory) return null;
  const to = join(basename(folder), name);
  return { from, to, size: found.size, mayLink, isSegment: false };
}
