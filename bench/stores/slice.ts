/**
 * One slice of one store, in a process of its own. Prints a line of JSON. `slice
 * '{"store":"lmdb",…}'`.
 */
import { asciiText } from '../lib/frames.js';
import { NoFigure } from '../lib/outcome.js';
import { openBetterSqlite } from './better-sqlite3.js';
import { openClassicLevel } from './classic-level.js';
import { openLmdb } from './lmdb.js';
import { openOdradek } from './odradek.js';
import type { OpenStore, Store, StorePromise } from './store.js';

export interface SliceTask {
  readonly store: StoreName;
  readonly folder: string;
  readonly work: 'append' | 'scan';
  readonly recordBytes: number;
  /** Records in one call. */
  readonly group: number;
  /** Calls under way at a time. */
  readonly waiters: number;
  readonly promise: StorePromise;
  readonly leadInMs: number;
  readonly durationMs: number;
  readonly bytesMax: number;
}

export type SliceAnswer =
  | { readonly records: number; readonly seconds: number; readonly cpuMs: number }
  | { readonly skipped: string };

const STORES = {
  Odradek: openOdradek,
  lmdb: openLmdb,
  'classic-level': openClassicLevel,
  'better-sqlite3': openBetterSqlite,
} as const satisfies Record<string, OpenStore>;

export type StoreName = keyof typeof STORES;

/** Turns of the event loop between synchronous stores, so that time is looked at. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function append(store: Store, task: SliceTask): Promise<SliceAnswer> {
  const records = Array.from({ length: task.group }, (_, i) => asciiText(task.recordBytes, i));
  const callsMax = Math.max(1, Math.floor(task.bytesMax / (task.recordBytes * task.group)));
  let calls = 0;
  let until = performance.now() + task.leadInMs;
  const waiter = async (): Promise<void> => {
    while (performance.now() < until && calls < callsMax) {
      calls++;
      await store.append(records);
    }
  };
  const load = (): Promise<unknown> =>
    Promise.all(Array.from({ length: task.waiters }, () => waiter()));
  await load();
  await turn();
  calls = 0;
  const begin = performance.now();
  const cpu = process.cpuUsage();
  until = begin + task.durationMs;
  await load();
  return answer(calls * task.group, begin, cpu);
}

async function scan(store: Store, task: SliceTask): Promise<SliceAnswer> {
  const records = Array.from({ length: task.group }, (_, i) => asciiText(task.recordBytes, i));
  const calls = Math.max(1, Math.floor(task.bytesMax / (task.recordBytes * task.group)));
  for (let call = 0; call < calls; call++) await store.append(records);
  const count = calls * task.group;
  const pass = async (): Promise<void> => {
    const bytes = await store.scan();
    if (bytes !== count * task.recordBytes) throw new Error(`a scan brought ${bytes} bytes`);
  };
  // What is not compiled yet is not what is measured.
  await pass();
  const begin = performance.now();
  const cpu = process.cpuUsage();
  let passes = 0;
  while (passes === 0 || performance.now() < begin + task.durationMs) {
    await pass();
    passes++;
  }
  return answer(passes * count, begin, cpu);
}

function answer(records: number, begin: number, cpuBefore: NodeJS.CpuUsage): SliceAnswer {
  const { user, system } = process.cpuUsage(cpuBefore);
  return { records, seconds: (performance.now() - begin) / 1e3, cpuMs: (user + system) / 1e3 };
}

async function run(task: SliceTask): Promise<SliceAnswer> {
  try {
    const store = await STORES[task.store](task.folder, task.promise);
    const said = await (task.work === 'append' ? append(store, task) : scan(store, task));
    await store.close();
    return said;
  } catch (error) {
    if (error instanceof NoFigure) return { skipped: error.message };
    throw error;
  }
}

process.stdout.write(`${JSON.stringify(await run(JSON.parse(process.argv[2] ?? '{}')))}\n`);
