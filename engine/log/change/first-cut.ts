import { baseSequence, producerEpoch, producerId } from '../../batch/header.js';
import { LIMITS } from '../../limits.js';
import { walkHeaders } from '../segments/header-walk.js';
import type { SegmentList } from '../segments/segment-list.js';
import type { LogContext } from '../shared/log-context.js';
import type { LogPosition } from '../state/offset-tracker.js';
import type { NextBatch } from '../state/producer.js';
import type { ProducerStates } from '../state/producer-state.js';

/** The log whose end is looked at. */
export interface CutLog {
  readonly context: LogContext;
  readonly segments: SegmentList;
}

/**
 * The first batch at or behind `cut` of each producer of which no batch below `cut` is remembered:
 * the producer must send that batch next when the log ends at `cut`. Walks the headers of the
 * batches that will be cut, in slices, as far as it must; behind damage nothing is found. Called
 * while nothing changes the segments.
 */
export async function findFirstCut(
  log: CutLog,
  producers: ProducerStates,
  cut: LogPosition,
): Promise<ReadonlyMap<number, NextBatch>> {
  const wanted = new Set(producers.beganBehind(cut.offset));
  const found = new Map<number, NextBatch>();
  const work = log.context.slices.begin();
  for (const segment of log.segments.all()) {
    if (segment.baseOffset < cut.segmentBase) continue;
    let position = segment.baseOffset === cut.segmentBase ? cut.position : 0;
    while (wanted.size > 0 && position < segment.writtenSize) {
      let walked = 0;
      const from = position;
      position = walkHeaders(segment.file, from, segment.writtenSize, null, ({ bytes, at }) => {
        if (walked === LIMITS.headersReportedTogether) return true;
        walked++;
        const id = producerId(bytes, at);
        if (wanted.delete(id)) {
          found.set(id, { epoch: producerEpoch(bytes, at), sequence: baseSequence(bytes, at) });
        }
        return wanted.size === 0;
      });
      if (walked === 0) return found;
      const pause = work.did(walked);
      if (pause !== null) await pause;
    }
  }
  return found;
}
