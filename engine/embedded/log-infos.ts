import { readCheckpoint, readLogStart } from '../log/durability/log-records.js';
import type { LogContext } from '../log/shared/log-context.js';
import type { EventLog } from './event-log.js';

/** What `Engine.logs` says of one log. */
export interface LogInfo {
  readonly name: string;
  readonly topicId: string;
  /** Whether it is open in this process. */
  readonly isOpen: boolean;
  /**
   * As of the log; null where only opening the log would tell: it is closed, and the directory was
   * not stopped cleanly before.
   */
  readonly startOffset: number | null;
  readonly endOffset: number | null;
  /** Bytes in its segments; null for a log that is not open. */
  readonly sizeBytes: number | null;
}

/** What is known of a log without opening it. */
export function infoOf(
  { catalog, wasClean }: LogContext,
  name: string,
  topicId: string,
  log: EventLog<unknown, unknown> | null,
): LogInfo {
  if (log !== null) {
    const { startOffset, endOffset, sizeBytes } = log;
    return { name, topicId, isOpen: true, startOffset, endOffset, sizeBytes };
  }
  const partition = { topic: name, topicId, partition: 0 };
  const start = readLogStart(catalog, partition);
  const end = readCheckpoint(catalog, partition)?.offset ?? start;
  return {
    name,
    topicId,
    isOpen: false,
    startOffset: wasClean ? start : null,
    endOffset: wasClean ? Math.max(start, end) : null,
    sizeBytes: null,
  };
}
