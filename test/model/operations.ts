import type { LogSettings, Random } from '../../engine/index.js';

/** One record to append; `deltaMs` is its timestamp against the clock's, null for none. */
export interface NewRecord {
  readonly key: string | null;
  readonly value: string;
  readonly headers: number;
  readonly deltaMs: number | null;
}

/** What an idempotent producer does next, wherever it stands. */
export type ProducerMove = 'next' | 'duplicate' | 'gap' | 'bump' | 'stale';

/** A place between the log's ends, as a share of the way; resolved when the operation runs. */
export type Share = number;

export type AppendOperation = {
  readonly kind: 'append';
  readonly records: readonly NewRecord[];
  readonly producer: {
    readonly id: number;
    readonly move: ProducerMove;
    readonly sequence: number;
    readonly share: Share;
  } | null;
};

/** What several of may run at once. */
export type ConcurrentOperation =
  | AppendOperation
  | { readonly kind: 'truncate'; readonly to: Share }
  | { readonly kind: 'delete-before'; readonly to: Share }
  | { readonly kind: 'retention' }
  | { readonly kind: 'roll' }
  | { readonly kind: 'flush' }
  | { readonly kind: 'peek'; readonly from: Share };

export type CrashKind = 'kill' | 'strict' | 'pages';

export type Fault =
  | 'full-disk'
  | 'full-disk-at-roll'
  | 'failed-write'
  | 'failed-sync'
  | 'failed-index-save';

/** Plain data: a sequence can be printed, and run again from what was printed. */
export type Operation =
  | ConcurrentOperation
  | { readonly kind: 'burst'; readonly operations: readonly ConcurrentOperation[] }
  | {
      readonly kind: 'read';
      readonly from: Share;
      readonly maxBytes: number;
      readonly minOneBatch: boolean;
      readonly isolation: 'log-end' | 'high-watermark';
    }
  | { readonly kind: 'follow'; readonly from: Share; readonly maxBytes: number }
  | { readonly kind: 'out-of-range' }
  | { readonly kind: 'time-lookup'; readonly at: Share }
  | { readonly kind: 'largest-time' }
  | { readonly kind: 'epoch-end'; readonly epoch: number }
  | { readonly kind: 'advance'; readonly byMs: number }
  | { readonly kind: 'settings'; readonly settings: Partial<LogSettings> }
  | { readonly kind: 'reopen' }
  | { readonly kind: 'recreate' }
  | {
      readonly kind: 'fault';
      readonly fault: Fault;
      readonly short: number;
      readonly append: AppendOperation;
    }
  | {
      readonly kind: 'crash';
      readonly how: CrashKind;
      readonly seed: number;
      readonly turns: number;
      readonly operations: readonly ConcurrentOperation[];
    };

const FLUSHES = ['ack', 'interval', 'os'] as const;

function pick<Value>(random: Random, values: readonly Value[]): Value {
  return values[Math.floor(random.next() * values.length)]!;
}

function below(random: Random, limit: number): number {
  return Math.floor(random.next() * limit);
}

/** Settings under which everything happens often: rolls, index entries, retention. */
export function randomSettings(random: Random): Partial<LogSettings> {
  return {
    flush: pick(random, FLUSHES),
    flushRecords: pick(random, [Number.POSITIVE_INFINITY, 3]),
    flushMs: pick(random, [Number.POSITIVE_INFINITY, 1000]),
    segmentBytes: pick(random, [200, 500, 1000, 3000, 1_000_000]),
    segmentMs: pick(random, [Number.POSITIVE_INFINITY, 30_000]),
    segmentIndexBytes: pick(random, [10_485_760, 48]),
    indexIntervalBytes: pick(random, [0, 100, 300, 4096]),
    retentionMs: pick(random, [Number.POSITIVE_INFINITY, 20_000]),
    retentionBytes: pick(random, [Number.POSITIVE_INFINITY, 1500]),
    fileDeleteDelayMs: pick(random, [0, 60_000]),
    timestampType: random.next() < 0.15 ? 'append' : 'create',
    validate: random.next() < 0.15 ? 'records' : 'header',
  };
}

function randomRecord(random: Random, untimed: boolean): NewRecord {
  const size = random.next() < 0.03 ? 5000 : below(random, 60);
  return {
    key: random.next() < 0.3 ? `key-${below(random, 5)}` : null,
    value: String.fromCharCode(97 + below(random, 26)).repeat(size),
    headers: random.next() < 0.1 ? 1 + below(random, 2) : 0,
    deltaMs: untimed ? null : below(random, 10_000) - 5000,
  };
}

export function randomAppend(random: Random): AppendOperation {
  const untimed = random.next() < 0.05;
  const count = random.next() < 0.5 ? 1 : 1 + below(random, 8);
  return {
    kind: 'append',
    records: Array.from({ length: count }, () => randomRecord(random, untimed)),
    producer:
      random.next() < 0.4
        ? {
            id: 1 + below(random, 2),
            move:
              random.next() < 0.6 ? 'next' : pick(random, ['duplicate', 'gap', 'bump', 'stale']),
            sequence: pick(random, [0, 7, 2 ** 31 - 3]),
            share: random.next(),
          }
        : null,
  };
}

function randomPeek(random: Random): ConcurrentOperation {
  return { kind: 'peek', from: random.next() };
}

/**
 * Operations that may run at once. Retention and truncation are not mixed: which comes first would
 * decide what is left.
 */
function randomConcurrent(random: Random, count: number): ConcurrentOperation[] {
  const truncates = random.next() < 0.5;
  return Array.from({ length: count }, () => {
    const share = random.next();
    if (share < 0.5) return randomAppend(random);
    if (share < 0.65) {
      return truncates ? { kind: 'truncate', to: random.next() } : { kind: 'retention' };
    }
    if (share < 0.75) return { kind: 'delete-before', to: random.next() };
    if (share < 0.85) return { kind: 'roll' };
    return share < 0.92 ? { kind: 'flush' } : randomPeek(random);
  });
}

function randomCrash(random: Random): Operation {
  return {
    kind: 'crash',
    how: pick(random, ['kill', 'strict', 'pages']),
    seed: below(random, 2 ** 31),
    turns: random.next() < 0.3 ? 0 : below(random, 12),
    operations: randomConcurrent(random, below(random, 5)),
  };
}

/** What happens how often; the numbers are shares of one hundred. */
const MIX: readonly (readonly [share: number, make: (random: Random) => Operation])[] = [
  [30, randomAppend],
  [9, (random) => ({ kind: 'burst', operations: randomConcurrent(random, 2 + below(random, 6)) })],
  [
    14,
    (random) => ({
      kind: 'read',
      from: random.next(),
      maxBytes: pick(random, [0, 61, 100, 200, 500, 2000, 100_000]),
      minOneBatch: random.next() < 0.6,
      isolation: pick(random, ['log-end', 'high-watermark']),
    }),
  ],
  [
    3,
    (random) => ({ kind: 'follow', from: random.next(), maxBytes: pick(random, [0, 150, 1000]) }),
  ],
  [1, () => ({ kind: 'out-of-range' })],
  [6, (random) => ({ kind: 'time-lookup', at: random.next() })],
  [2, () => ({ kind: 'largest-time' })],
  [3, (random) => ({ kind: 'epoch-end', epoch: below(random, 6) - 1 })],
  [4, (random) => ({ kind: 'truncate', to: random.next() })],
  [4, (random) => ({ kind: 'delete-before', to: random.next() })],
  [4, () => ({ kind: 'retention' })],
  [3, () => ({ kind: 'roll' })],
  [2, () => ({ kind: 'flush' })],
  [4, (random) => ({ kind: 'advance', byMs: pick(random, [0, 500, 5000, 15_000, 70_000]) })],
  [2, (random) => ({ kind: 'settings', settings: randomSettings(random) })],
  [2, () => ({ kind: 'reopen' })],
  [0.5, () => ({ kind: 'recreate' })],
  [4.5, randomCrash],
  [
    2,
    (random) => ({
      kind: 'fault',
      fault: pick(random, [
        'full-disk',
        'full-disk',
        'full-disk-at-roll',
        'failed-write',
        'failed-sync',
        'failed-index-save',
      ]),
      short: below(random, 300),
      append: randomAppend(random),
    }),
  ],
];

const TOTAL = MIX.reduce((sum, [share]) => sum + share, 0);

function randomOperation(random: Random): Operation {
  let left = random.next() * TOTAL;
  for (const [share, make] of MIX) {
    left -= share;
    if (left < 0) return make(random);
  }
  return randomAppend(random);
}

/** The sequence of a seed: always the same. */
export function randomOperations(random: Random): Operation[] {
  return Array.from({ length: 10 + below(random, 25) }, () => randomOperation(random));
}
