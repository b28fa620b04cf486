import { LIMITS } from '../../limits.js';
import type { Durability } from '../durability/durability.js';
import type { PartitionName } from '../partition-log.js';
import type { Segment } from '../segments/segment.js';
import type { SegmentList } from '../segments/segment-list.js';
import type { LogContext } from '../shared/log-context.js';
import type { LogLife } from '../state/log-life.js';
import type { Retirement } from './retire.js';

/** The log whose oldest segments are removed. */
export interface ShrinkingLog {
  readonly context: LogContext;
  readonly name: PartitionName;
  readonly segments: SegmentList;
  readonly life: LogLife;
  readonly durability: Durability;
  readonly retirement: Retirement;
}

/** The removed segments and bytes. */
export interface Removed {
  readonly segments: number;
  readonly bytes: number;
}

/** Removes the oldest segments of a log. */
export class Removal {
  readonly #log: ShrinkingLog;

  constructor(log: ShrinkingLog) {
    this.#log = log;
  }

  /**
   * Removes the segments that begin below `baseOffset`, as far as recovery does not need them; some
   * at a time, so that a close waits for few. Segments that it leaves lie below the log start, and
   * retention removes them. `why` gives the reason for each, numbered from 0.
   */
  async below(baseOffset: number, why: (at: number) => string): Promise<Removed> {
    const { context, segments, life, durability, retirement } = this.#log;
    const { counters, slices } = context;
    const { checkpoint } = durability;
    // The next open would miss a file that the checkpoint names: it is removed after a checkpoint
    // that names a later file.
    if (checkpoint.segmentBase < baseOffset) {
      await durability.checkpointed();
      life.assertServing();
    }
    const limit = Math.min(baseOffset, checkpoint.segmentBase);
    const retired: Segment[] = [];
    let bytes = 0;
    const work = slices.begin();
    while (!life.isClosing && (segments.first?.baseOffset ?? limit) < limit) {
      const count = Math.min(segments.countBelow(limit), LIMITS.segmentsRetiredAtATime);
      const removed = segments.removePrefix(count);
      const files = removed.map(({ file }) => file.path);
      await retirement.rename(removed);
      counters.segmentsDeleted += count;
      for (const [at, segment] of removed.entries()) {
        bytes += segment.size;
        this.#tell(segment, files[at]!, why(retired.length));
        retired.push(segment);
      }
      const pause = work.did(count);
      if (pause !== null) await pause;
    }
    retirement.unlinkLater(retired);
    return { segments: retired.length, bytes };
  }

  #tell({ baseOffset, size }: Segment, file: string, why: string): void {
    const { name, context } = this.#log;
    const { topic, partition } = name;
    const fields = { topic, partition, baseOffset, file, bytes: size, why };
    context.logger.info(fields, 'segment deleted');
  }
}
