import { join } from 'node:path';
import { hasErrno } from '../../disk/errno.js';
import {
  PARTITION_METADATA_FILE,
  partitionMetadataText,
  segmentFileName,
} from '../../disk/file-names.js';
import type { LogFile } from '../../disk/log-file.js';
import type { PartitionName } from '../partition-log.js';
import { emptyIndexes } from './noted-batches.js';
import { Segment } from './segment.js';
import type { SegmentOwner } from './segment-owner.js';

/** A log that begins a segment. */
export interface StartingLog
  extends Pick<SegmentOwner, 'context' | 'folder' | 'settings' | 'segments'> {
  readonly name: PartitionName;
  readonly durability: {
    /** The files and folders that no sync covers yet. */
    readonly unsynced: { addFile(file: LogFile): void; addFolder(folder: string): void };
  };
}

/**
 * Creates the file of a new active segment, synchronously, since it happens on the append path. The
 * first one of a log also creates the folder and its `partition.metadata`: a log that was never
 * written has no file. All names are durable with the next sync round.
 */
export function startSegment(log: StartingLog, baseOffset: number): Segment {
  const { context, folder } = log;
  if (log.segments.count === 0) createFolder(log);
  const file = context.files.file(join(folder, segmentFileName(baseOffset, 'log')));
  file.createSync();
  log.durability.unsynced.addFolder(folder);
  const segment = new Segment({
    baseOffset,
    file,
    size: 0,
    createdMs: context.clock.wallMs(),
    rollJitterMs: context.random.next() * log.settings.segmentJitterMs,
    indexes: emptyIndexes(),
    isGapless: true,
  });
  log.segments.add(segment);
  return segment;
}

function createFolder(log: StartingLog): void {
  const { disk, directory, files } = log.context;
  toleratingExisting(() => disk.mkdirSync(log.folder));
  log.durability.unsynced.addFolder(directory.root);
  log.durability.unsynced.addFolder(log.folder);
  const metadata = files.file(join(log.folder, PARTITION_METADATA_FILE));
  toleratingExisting(() => metadata.createSync());
  // It is also written into a file that existed: the process that created it may have been killed
  // before it wrote.
  metadata.writevSync([Buffer.from(partitionMetadataText(log.name.topicId))], 0);
  log.durability.unsynced.addFile(metadata);
  metadata.finish();
}

/** An earlier attempt may have got half way, on a disk that was full. */
function toleratingExisting(create: () => void): void {
  try {
    create();
  } catch (error) {
    if (!hasErrno(error, 'EEXIST')) throw error;
  }
}
