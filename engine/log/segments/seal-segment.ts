import type { LogParts } from '../log-parts.js';
import type { Segment } from './segment.js';

/** The segment takes no more appends: its time index gets the closing entry, and the checkpoint that follows saves both indexes. */
export function sealSegment(log: LogParts, segment: Segment): void {
  segment.closeTimeIndex();
  log.sealing.push(segment);
  log.context.checkpoints.request(log.checkpointTarget);
}
