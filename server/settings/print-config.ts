import { brokerKeys } from './broker-keys.js';
import type { SettingEntry } from './parse.js';
import { isSensitive } from './setting.js';

/**
 * The text of `odradek start --print-config`: one line a key with its value and where it comes
 * from. Keys that take effect, and all that were set; secrets are hidden. Ends in a newline.
 */
export function formatPrintConfig(entries: readonly SettingEntry[]): string {
  const lines: [pair: string, origin: string][] = [];
  for (const { name, text, source, origin } of entries) {
    const setting = brokerKeys.get(name);
    if (setting === undefined || (source === 'default' && setting.effect !== 'takes-effect'))
      continue;
    const value = isSensitive(setting) ? '[hidden]' : (text ?? '');
    lines.push([`${name}=${value}`, text === null ? 'not set' : origin]);
  }
  const width = Math.min(60, Math.max(0, ...lines.map(([pair]) => pair.length)));
  return lines.map(([pair, origin]) => `${pair.padEnd(width)}  # ${origin}\n`).join('');
}
