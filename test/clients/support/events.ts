import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { available } from './tools.js';

const FILE = resolve(process.env.ODRADEK_EVENTS ?? '../shared/data/file-changes.jsonl.gz');

/** Real events, 101,229 lines of `path TAB json`; null where the file is not at hand. */
export function realEvents(): { lines: string[]; text: Buffer } | null {
  const hint = 'ODRADEK_EVENTS names a gzipped file of JSON lines with a `path` each';
  if (!available('events', existsSync(FILE), hint)) return null;
  const json = gunzipSync(readFileSync(FILE)).toString('utf8').split('\n').slice(0, -1);
  const lines = json.map((line) => `${(JSON.parse(line) as { path: string }).path}\t${line}`);
  return { lines, text: Buffer.from(`${lines.join('\n')}\n`) };
}
