import { SERVER_LIMITS } from '../limits.js';
import { brokerKeys } from './broker-keys.js';
import type { SettingEntry } from './parse.js';
import { isSensitive } from './setting.js';

/** Our defaults that differ from Kafka's, by the setting's name. */
const OWN_DEFAULTS: ReadonlyMap<string, number> = new Map([
  ['max.connections', SERVER_LIMITS.connectionsMax],
  ['max.connections.per.ip', SERVER_LIMITS.connectionsPerIpMax],
  ['queued.max.request.bytes', SERVER_LIMITS.bytesInFlightMax],
]);

/**
 * The text of `odradek start --print-config`: one line a key with its value and where it comes
 * from. Keys that take effect, and all that were set; secrets are hidden. Ends in a newline.
 * `connectionsRoom`: what the limit of open files leaves for connections.
 */
export function formatPrintConfig(
  entries: readonly SettingEntry[],
  connectionsRoom = Number.POSITIVE_INFINITY,
): string {
  const lines: [pair: string, origin: string][] = [];
  for (const { name, text, source, origin } of entries) {
    const setting = brokerKeys.get(name);
    if (setting === undefined || (source === 'default' && setting.effect !== 'takes-effect'))
      continue;
    const own = OWN_DEFAULTS.get(name);
    let value = isSensitive(setting) ? '[hidden]' : (text ?? '');
    let from = text === null ? 'not set' : origin;
    // -1 stands for Kafka's default, which is none.
    if (own !== undefined && (source === 'default' || value === '-1')) {
      if (source === 'default') from = `default (Kafka's is ${value})`;
      value = String(own);
    }
    if (name === 'max.connections' && Number(value) > connectionsRoom) {
      value = String(connectionsRoom);
      from += ', and what ulimit -n has room for';
    }
    lines.push([`${name}=${value}`, from]);
  }
  const width = Math.min(60, Math.max(0, ...lines.map(([pair]) => pair.length)));
  return lines.map(([pair, origin]) => `${pair.padEnd(width)}  # ${origin}\n`).join('');
}
