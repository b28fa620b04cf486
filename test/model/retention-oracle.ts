import { maxTimestamp } from '../../engine/batch/header.js';
import type { Log } from '../../engine/log/log.js';
import type { ModelLog } from './model-log.js';

/** What may go, found out from the model's batches and the segments' first offsets. */
export function expectedRetention(
  model: ModelLog,
  log: Log,
  nowMs: number,
): { segments: number; bytes: number; start: number } {
  const { retentionMs, retentionBytes } = log.settings;
  const segments = log.state.segments.all();
  let surplus = log.sizeBytes - retentionBytes;
  let count = 0;
  let bytes = 0;
  for (const [at, segment] of segments.entries()) {
    const endOffset = segments[at + 1]?.baseOffset ?? model.end;
    const batches = model.batches.filter(
      (batch) => batch.baseOffset >= segment.baseOffset && batch.lastOffset < endOffset,
    );
    if (batches.length === 0) break;
    const size = batches.reduce((sum, batch) => sum + batch.bytes.length, 0);
    const newestMs = Math.max(...batches.map((batch) => Number(maxTimestamp(batch.bytes))));
    const ageMs = nowMs - (newestMs >= 0 ? newestMs : segment.age.changedMs);
    const isBelowStart = endOffset <= model.start;
    if (!isBelowStart && surplus < size && !(ageMs > retentionMs)) break;
    surplus -= size;
    bytes += size;
    count++;
  }
  const start = count === 0 ? 0 : (segments[count]?.baseOffset ?? model.end);
  return { segments: count, bytes, start };
}
