import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RESULTS } from '../lib/results.js';
import type { Causes } from './causes.js';

/** What `npm run bench -- profile` found, as far as the page shows it. */
export interface ProfileRecord {
  readonly what: 'produce' | 'fetch';
  readonly title: string;
  readonly date: string;
  readonly commit: string;
  /** The profiler's own share included; null where it was too short to tell. */
  readonly cpuUsPerRequest: number | null;
  /** Functions by their own share of the busy time, largest first. */
  readonly costliest: readonly { readonly name: string; readonly share: number }[];
}

const SHOWN = 8;
const KINDS = ['produce', 'fetch'] as const;

function pathOf(what: ProfileRecord['what'], folder: string): string {
  return join(folder, 'profiles', `${what}.json`);
}

export function writeProfile(record: ProfileRecord, folder = RESULTS): void {
  mkdirSync(join(folder, 'profiles'), { recursive: true });
  writeFileSync(pathOf(record.what, folder), `${JSON.stringify(record, null, 1)}\n`);
}

export function readProfiles(folder = RESULTS): ProfileRecord[] {
  return KINDS.map((what) => pathOf(what, folder))
    .filter((path) => existsSync(path))
    .map((path) => JSON.parse(readFileSync(path, 'utf8')) as ProfileRecord);
}

/**
 * Flame pictures, the functions that cost most, and what people wrote about them. Null without a
 * profile.
 */
export function formatProfiles(profiles: readonly ProfileRecord[], causes: Causes): string | null {
  if (profiles.length === 0) return null;
  return ['## Where the time goes', ...profiles.map((record) => formatOne(record, causes))].join(
    '\n\n',
  );
}

function formatOne(record: ProfileRecord, causes: Causes): string {
  const { what, title, date, commit, cpuUsPerRequest, costliest } = record;
  const cost =
    cpuUsPerRequest === null
      ? ''
      : ` ${cpuUsPerRequest.toFixed(1)} µs of CPU a request, profiler included.`;
  const lines = costliest
    .slice(0, SHOWN)
    .map(({ name, share }) => `| ${name} | ${(share * 100).toFixed(1)} % |`);
  return [
    `### ${title}`,
    `\`npm run bench -- profile ${what}\` on ${date.slice(0, 10)}, commit ${commit}.${cost}`,
    `![${title}](flame-${what}.svg)`,
    ['| function | of the busy time |', '| --- | ---: |', ...lines].join('\n'),
    ...[causes.get(`profile/${what}`) ?? []].flat(),
  ].join('\n\n');
}
