import { lastWords, startChild } from '../lib/children.js';
import type { Context } from '../lib/context.js';
import { BROKER_CORE } from '../lib/driver.js';
import { syncAll } from '../lib/machine.js';
import { skipped, voided } from '../lib/outcome.js';
import { programPath } from '../lib/paths.js';
import type { Sample } from '../lib/row.js';
import type { RowPlan } from '../lib/runner.js';
import { sliceOrder } from '../lib/statistics.js';
import { pinned } from '../lib/tools.js';
import type { SliceAnswer, SliceTask, StoreName } from '../stores/slice.js';
import type { StorePromise } from '../stores/store.js';

const NAMES = ['Odradek', 'lmdb', 'classic-level', 'better-sqlite3'] as const satisfies StoreName[];

/**
 * Slices are short: the matrix is large, and every slice has a process, a folder and a lead-in of
 * its own.
 */
const SLICE_SHARE = 0.25;
const SCAN_BYTES = 128 * 1024 * 1024;
const GROUP_BYTES = 64 * 1024;
/**
 * Where something is asked: until JavaScript is compiled, which takes a second, the rate still
 * rises.
 */
const LONG_LEAD_IN_MS = 1000;

/** What a promise means in each store. */
const PROMISES: Record<StorePromise, string> = {
  ack: 'ack: each call synced (lmdb: flushed; classic-level: sync; better-sqlite3: WAL, FULL)',
  interval:
    'interval: synced every second (lmdb: noSync; classic-level: no sync; better-sqlite3: WAL, NORMAL)',
  os: 'os: never synced (lmdb: noSync; classic-level: no sync; better-sqlite3: WAL, OFF)',
};

type Shape = Pick<SliceTask, 'work' | 'recordBytes' | 'group' | 'waiters' | 'promise'>;

/** The shape that tuning has a goal for. */
function hasGoal({ work, recordBytes, group, waiters }: Shape): boolean {
  return work === 'append' && recordBytes === 1024 && group === 1 && waiters === 64;
}

async function slice(context: Context, store: StoreName, shape: Shape): Promise<Sample | null> {
  const { sliceMs, leadInMs, fileBytesMax, isSmoke } = context.scale;
  const task: SliceTask = {
    ...shape,
    store,
    folder: context.newFolder(`${store}-${performance.now()}`),
    leadInMs: hasGoal(shape) && !isSmoke ? LONG_LEAD_IN_MS : leadInMs,
    durationMs: Math.ceil(sliceMs * SLICE_SHARE),
    bytesMax: shape.work === 'append' ? fileBytesMax : isSmoke ? fileBytesMax / 8 : SCAN_BYTES,
  };
  syncAll();
  const child = await startChild(
    pinned(BROKER_CORE, [process.execPath, programPath('stores/slice'), JSON.stringify(task)]),
  );
  const { code } = await child.exited;
  if (code !== 0) throw voided(`${store}: ${lastWords(child)}`);
  const line = child.output().trim().split('\n').at(-1) ?? '';
  const answer = JSON.parse(line) as SliceAnswer;
  if ('skipped' in answer) {
    context.say(answer.skipped);
    return null;
  }
  const { records, seconds, cpuMs } = answer;
  const bytes = records * shape.recordBytes;
  return {
    recordsPerS: records / seconds,
    throughputMBs: bytes / 1e6 / seconds,
    cpuSPerGB: cpuMs / 1e3 / (bytes / 1e9),
  };
}

function storeRow(shape: Shape): RowPlan {
  const { work, recordBytes, group, waiters, promise } = shape;
  const how = work === 'append' ? `-${group}x-${waiters}w-${promise}` : '';
  return {
    id: `stores/${work}-${recordBytes}b${how}`,
    title:
      work === 'append'
        ? `Append records of ${recordBytes} B, ${group} a call, ${waiters} waiting, ${promise}`
        : `Scan records of ${recordBytes} B from first to last, hot`,
    conditions: {
      record: `${recordBytes} B`,
      ...(work === 'append'
        ? {
            'records a call': group,
            waiters,
            promise: PROMISES[promise],
            'not counted': hasGoal(shape) ? 'the first second' : 'the first 0.3 s',
          }
        : { 'not counted': 'the first pass' }),
      process: 'one for each slice, pinned',
    },
    async run(context) {
      const samples = new Map<StoreName, Sample[]>(NAMES.map((name) => [name, []]));
      const missing = new Set<StoreName>();
      for (const order of sliceOrder(context.scale.pairs, NAMES)) {
        for (const name of order) {
          if (missing.has(name)) continue;
          const sample = await slice(context, name, shape);
          if (sample === null) missing.add(name);
          else samples.get(name)!.push(sample);
        }
      }
      const present = NAMES.filter((name) => !missing.has(name));
      if (present.length < 2) throw skipped('no peer is installed: run "npm ci --prefix bench"');
      return {
        sides: present.map((name) => ({ name, samples: samples.get(name)! })),
        comparisons: present
          .filter((name) => name !== 'Odradek')
          .map((theirs) => ({ metric: 'recordsPerS', ours: 'Odradek', theirs })),
        notes: [...missing].map((name) => `${name} is not installed: run "npm ci --prefix bench"`),
      };
    },
  };
}

const SIZES = [100, 1024, GROUP_BYTES];
const PROMISE_NAMES = ['ack', 'interval', 'os'] as const;

/** One record, a hundred, and as many as are 64 KiB. */
function groupsOf(recordBytes: number): number[] {
  return recordBytes === GROUP_BYTES ? [1] : [1, 100, Math.floor(GROUP_BYTES / recordBytes)];
}

export const storeRows: readonly RowPlan[] = [
  ...SIZES.flatMap((recordBytes) =>
    groupsOf(recordBytes).flatMap((group) =>
      [1, 64].flatMap((waiters) =>
        PROMISE_NAMES.map((promise) =>
          storeRow({ work: 'append', recordBytes, group, waiters, promise }),
        ),
      ),
    ),
  ),
  ...SIZES.map((recordBytes) =>
    storeRow({
      work: 'scan',
      recordBytes,
      group: Math.floor(GROUP_BYTES / recordBytes),
      waiters: 1,
      promise: 'os',
    }),
  ),
];
