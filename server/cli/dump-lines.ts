import type {
  IndexKind,
  InspectedBatch,
  InspectedDamage,
  RecordView,
  Timestamp,
} from '../../engine/index.js';
import { escapeClientText } from '../logging/escape.js';
import { counted } from './counted.js';
import { CLI_LIMITS } from './limits.js';
import { jsonRecord } from './record-format.js';

/** An entry of an index file. */
export interface DumpedEntry {
  readonly offset: number;
  /** A position in the log, or a timestamp. */
  readonly value: Timestamp;
  readonly problem: string | null;
}

/** How `dump-log` writes what it has found, a line each. */
export interface DumpLines {
  batch(batch: InspectedBatch): string;
  record(record: RecordView): string;
  /** A batch whose records cannot be read. */
  recordDamage(problem: string): string;
  damage(damage: InspectedDamage): string;
  entry(kind: IndexKind, entry: DumpedEntry): string;
  /** Room that was reserved and not used. */
  unused(bytes: number): string;
  /** Bytes at the end that make no entry. */
  leftOver(bytes: number): string;
  summary(path: string, counts: Readonly<Record<string, number>>, bad: number): string;
}

/** For people. */
export const TEXTS: DumpLines = {
  batch: batchLine,
  record: recordLine,
  recordDamage: (problem) => `  damage: ${problem}`,
  damage: damageLine,
  entry: (kind, { offset, value, problem }) => {
    const what = kind === 'index' ? `position=${value}` : `timestamp=${timeText(value)}`;
    return `offset=${offset} ${what}${problem === null ? '' : ` damage: ${problem}`}`;
  },
  unused: (bytes) => `unused bytes=${bytes}`,
  leftOver: (bytes) => `damage: ${leftOverText(bytes)}`,
  summary: (path, counts, bad) => {
    const found = Object.entries(counts).map(([what, count]) => `${what}=${count}`);
    const verdict = bad === 0 ? 'no damage' : `DAMAGED in ${counted(bad, 'place')}`;
    return `${path}: ${found.join(' ')} ${verdict}`;
  },
};

/** For programs: each by its `kind`. */
export const OBJECTS: DumpLines = {
  batch: ({ records: _, ...batch }) => objectLine(batch),
  record: (record) => objectLine({ kind: 'record', ...jsonRecord(record) }),
  recordDamage: (problem) => objectLine({ kind: 'damage', problem }),
  damage: (damage) => objectLine(damage),
  entry: (kind, { offset, value, problem }) => {
    const what = kind === 'index' ? { position: value } : { timestamp: value };
    return objectLine({ kind: 'entry', offset, ...what, problem });
  },
  unused: (bytes) => objectLine({ kind: 'unused', bytes }),
  leftOver: (bytes) => objectLine({ kind: 'damage', problem: leftOverText(bytes) }),
  summary: (path, counts, bad) => objectLine({ kind: 'summary', path, ...counts, damaged: bad }),
};

function leftOverText(bytes: number): string {
  return `${counted(bytes, 'byte at the end makes', 'bytes at the end make')} no whole entry`;
}

/** Numbers beyond those of JavaScript are text. */
function objectLine(object: object): string {
  return JSON.stringify(object, (_key, value: unknown) =>
    typeof value === 'bigint' ? String(value) : value,
  );
}

function batchLine(batch: InspectedBatch): string {
  const { producerId, producerEpoch, baseSequence } = batch;
  const producer =
    producerId === -1 ? 'none' : `${producerId} epoch=${producerEpoch} sequence=${baseSequence}`;
  const marks = [
    batch.transactional ? ' transactional' : '',
    batch.control ? ' control' : '',
    batch.problem === null ? '' : ` damage: ${batch.problem}`,
  ];
  return [
    `offsets=${batch.baseOffset}-${batch.lastOffset}`,
    `records=${batch.recordCount}`,
    `position=${batch.position}`,
    `size=${batch.size}`,
    `codec=${batch.codec ?? 'unknown'}`,
    `crc=${batch.crcMatches ? 'ok' : 'BAD'}`,
    `time=${timeText(batch.baseTimestampMs)}/${timeText(batch.maxTimestampMs)}`,
    `time.type=${batch.timestampType}`,
    `leader.epoch=${batch.leaderEpoch}`,
    `producer=${producer}${marks.join('')}`,
  ].join(' ');
}

function recordLine({ offset, timestamp, key, value, headers }: RecordView): string {
  const shownHeaders = headers.map((header) => `${text(header.key)}:${bytesText(header.value)}`);
  const end = headers.length === 0 ? '' : ` headers=${shownHeaders.join(',')}`;
  return `  offset=${offset} time=${timeText(timestamp)} key=${bytesText(key)} value=${bytesText(value)}${end}`;
}

function damageLine({ position, size, problem, torn }: InspectedDamage): string {
  const advice = torn
    ? 'a crash leaves such an end, and the broker cuts it off when it opens the log'
    : 'what follows cannot be read; keep a copy of the file before anything else';
  return `damage: position=${position} size=${size}: ${problem}; ${advice}`;
}

function timeText(ms: Timestamp): string {
  if (ms === -1) return 'none';
  if (typeof ms === 'bigint') return String(ms);
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? String(ms) : date.toISOString();
}

function bytesText(bytes: Uint8Array | null): string {
  return bytes === null ? 'null' : `"${escapeClientText(bytes, CLI_LIMITS.shownLengthMax)}"`;
}

function text(key: string): string {
  return escapeClientText(key, CLI_LIMITS.shownLengthMax);
}
