import { storageError } from '../disk/storage-error.js';
import { EngineError } from '../errors.js';
import type { LogContext } from '../log/shared/log-context.js';
import type { EventLogs } from './event-logs.js';
import { assertLogName } from './log-name.js';
import { tableKey } from './name-records.js';
import { Table } from './table.js';
import { splitOptions, type TableOptions } from './table-options.js';
import type { ValueEncoding } from './value-encoding.js';

/** Opens the table of this name, and its log, as `Engine.table` promises. */
export async function openTable(
  name: string,
  options: TableOptions<ValueEncoding>,
  logs: EventLogs,
  context: Pick<LogContext, 'catalog' | 'directory'>,
): Promise<Table<unknown, unknown>> {
  assertLogName(name);
  const { onUnreadable, logOptions } = splitOptions(options);
  if (logOptions.compacted === false) {
    throw new EngineError('INVALID_SETTING', 'the log of a table is compacted: leave it out');
  }
  const current = await logs.whileOpen(name);
  if (current === null) await assertMayCompact(name, logOptions.compacted === true, logs, context);
  else if (!current.partition.settings.compacted) {
    throw new EngineError(
      'INVALID_SETTING',
      `the log '${name}' is open and not compacted: close it, or open it with compacted: true, if only the last record of each key matters`,
    );
  }
  const log = await logs.open(name, { ...logOptions, compacted: true });
  await noteTable(log.topicId, context);
  return Table.open(log, onUnreadable, logs.slices);
}

/** A log of events must not lose records because somebody took it for a table. */
async function assertMayCompact(
  name: string,
  isSaid: boolean,
  logs: EventLogs,
  { catalog }: Pick<LogContext, 'catalog'>,
): Promise<void> {
  const topicId = isSaid ? null : await logs.idOnDisk(name);
  if (topicId === null || catalog.get(tableKey(topicId)) !== undefined) return;
  throw new EngineError(
    'INVALID_SETTING',
    `the log '${name}' is there and was never a table: say compacted: true, if all but the last record of each key may go`,
  );
}

async function noteTable(
  topicId: string,
  { catalog, directory }: Pick<LogContext, 'catalog' | 'directory'>,
): Promise<void> {
  if (catalog.get(tableKey(topicId)) !== undefined) return;
  try {
    await catalog.write([{ key: tableKey(topicId), value: true }]);
  } catch (error) {
    throw storageError(directory, 'cannot note that a log is a table', error);
  }
}
