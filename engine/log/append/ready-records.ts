import type { EngineError } from '../../errors.js';
import type { LogSettings } from '../log-settings.js';
import type { LogContext } from '../shared/log-context.js';
import { checkRecords, isClaimCounted, isRepacked, repackForLog } from './check-records.js';
import type { OriginRules } from './origin.js';

/** Whether a batch goes into the log by its header alone, with no look at its records. */
export function isByHeader(settings: LogSettings, batch: Buffer, rules: OriginRules): boolean {
  if (rules.records) return true;
  const { validate, compacted, compression } = settings;
  return (
    validate === 'header' && compression === 'producer' && !compacted && !isClaimCounted(batch)
  );
}

/** The batch as it is stored, or the error of its records; null if they are not looked at. */
export function readyRecords(
  log: { readonly context: LogContext; readonly settings: LogSettings },
  batch: Buffer,
  rules: OriginRules,
): Promise<Buffer | EngineError | null> | null {
  const { settings } = log;
  if (!rules.codec && isRepacked(settings, batch)) return repackForLog(log, batch);
  const { validate, compacted } = settings;
  const areLookedAt = validate === 'records' || compacted || isClaimCounted(batch);
  return areLookedAt && !rules.records ? checkRecords(log, batch) : null;
}
