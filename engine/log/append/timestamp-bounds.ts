import { type Timestamp, timestampDistance } from '../../batch/timestamp.js';
import type { LogSettings } from '../log-settings.js';

export type TimestampBounds = Pick<
  LogSettings,
  'timestampType' | 'timestampAfterMaxMs' | 'timestampBeforeMaxMs'
>;

/**
 * Why a writer's timestamp is refused, or null. A missing timestamp (-1) is never refused, nor is
 * one that the log overwrites.
 */
export function timestampProblem(
  bounds: TimestampBounds,
  timestamp: Timestamp,
  nowMs: number,
): string | null {
  if (timestamp === -1 || bounds.timestampType === 'append') return null;
  const aheadMs = timestampDistance(timestamp, nowMs);
  if (aheadMs > bounds.timestampAfterMaxMs) {
    return `timestamp ${timestamp} is ${aheadMs} ms ahead, ${bounds.timestampAfterMaxMs} ms are allowed (message.timestamp.after.max.ms)`;
  }
  if (-aheadMs > bounds.timestampBeforeMaxMs) {
    return `timestamp ${timestamp} is ${-aheadMs} ms behind, ${bounds.timestampBeforeMaxMs} ms are allowed (message.timestamp.before.max.ms)`;
  }
  return null;
}
