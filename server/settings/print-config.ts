import { SERVER_LIMITS } from '../limits.js';
import { brokerKeys } from './broker-keys.js';
import type { SettingEntry } from './parse.js';
import { propertyLine } from './properties.js';
import { isSensitive } from './setting.js';

/** Our defaults that differ from Kafka's, by the setting's name. */
const OWN_DEFAULTS: ReadonlyMap<string, number> = new Map([
  ['max.connections', SERVER_LIMITS.connectionsMax],
  ['max.connections.per.ip', SERVER_LIMITS.connectionsPerIpMax],
  ['queued.max.request.bytes', SERVER_LIMITS.bytesInFlightMax],
]);

/**
 * The text of `odradek start --print-config`: a properties file from which `--config` reads the
 * same settings. What was set stands first, each with where it comes from; behind it, as comments,
 * what has its default and takes effect. Secrets are hidden, and so not read back. Ends in a
 * newline. `connectionsRoom`: what the limit of open files leaves for connections.
 */
export function formatPrintConfig(
  entries: readonly SettingEntry[],
  connectionsRoom = Number.POSITIVE_INFINITY,
): string {
  const set: string[] = [];
  const defaults: string[] = [];
  for (const entry of entries) {
    const setting = brokerKeys.get(entry.name);
    if (setting === undefined) continue;
    if (entry.source !== 'default') {
      set.push(...setLines(entry, isSensitive(setting), connectionsRoom));
    } else if (setting.effect === 'takes-effect') {
      defaults.push(...defaultLines(entry, connectionsRoom));
    }
  }
  const lines = [
    ...(set.length === 0 ? [] : ['# What was set:', ...set, '']),
    '# What has its default:',
    ...defaults,
  ];
  return lines.map((line) => `${line}\n`).join('');
}

function setLines(entry: SettingEntry, isHidden: boolean, connectionsRoom: number): string[] {
  const { name, text, origin } = entry;
  const own = OWN_DEFAULTS.get(name);
  const notes = [`from ${origin.replaceAll(/\p{Cc}/gu, ' ')}`];
  if (isHidden) return [`# ${notes[0]}, hidden`, `#${name}=[hidden]`];
  // -1 stands for Kafka's default, which is none.
  const value = own !== undefined && text === '-1' ? own : Number(text);
  if (own !== undefined && text === '-1') notes.push(`-1 stands for ${own}`);
  if (name === 'max.connections' && value > connectionsRoom) notes.push(roomNote(connectionsRoom));
  return [`# ${notes.join('; ')}`, propertyLine(name, text ?? '')];
}

function defaultLines({ name, text }: SettingEntry, connectionsRoom: number): string[] {
  const own = OWN_DEFAULTS.get(name);
  if (own === undefined) return [`#${propertyLine(name, text ?? '')}`];
  const notes = [`Kafka's default is ${text}`];
  const isBeyond = name === 'max.connections' && own > connectionsRoom;
  if (isBeyond) notes.push(roomNote(connectionsRoom));
  return [`# ${notes.join('; ')}`, `#${name}=${isBeyond ? connectionsRoom : own}`];
}

function roomNote(connections: number): string {
  return `ulimit -n has room for ${connections}`;
}
