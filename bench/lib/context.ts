import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { removeAtExit } from './children.js';

/** How much of everything a run does. */
export interface Scale {
  readonly isSmoke: boolean;
  /** Slices of each side in a row. */
  readonly pairs: number;
  readonly sliceMs: number;
  /** Load on a fresh topic before a slice counts. */
  readonly leadInMs: number;
  /**
   * Load that a JVM gets before its rate is looked at: cold it is three times slower, and its rate
   * rises in steps.
   */
  readonly coldMs: number;
  /** The longest that a warm-up goes on while its rate rises. */
  readonly warmUpMaxMs: number;
  /** What one file gets in a slice, so that write-back is not what is measured. */
  readonly fileBytesMax: number;
  /** The topic that fetch rows read. */
  readonly hotBytes: number;
  readonly reopenGB: readonly number[];
  readonly sustainedMs: number;
}

/** Slices of each side in rows of which nothing is asked; the page says so beside them. */
const FEW_PAIRS = 7;

/** How many slices a row has: all, or few where nothing is asked of it. */
export function pairsFor({ pairs }: Scale, isAsked: boolean): number {
  return isAsked ? pairs : Math.min(FEW_PAIRS, pairs);
}

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;

/** What figures are published from. */
export const FULL: Scale = {
  isSmoke: false,
  pairs: 15,
  sliceMs: 2000,
  leadInMs: 300,
  coldMs: 60_000,
  warmUpMaxMs: 180_000,
  fileBytesMax: GIB,
  hotBytes: GIB,
  reopenGB: [1, 10],
  sustainedMs: 300_000,
};

/** Shows that every row runs end to end. Its figures mean nothing. */
export const SMOKE: Scale = {
  isSmoke: true,
  pairs: 2,
  sliceMs: 200,
  leadInMs: 50,
  coldMs: 0,
  warmUpMaxMs: 400,
  fileBytesMax: 32 * MIB,
  hotBytes: 16 * MIB,
  reopenGB: [0.02, 0.05],
  sustainedMs: 1000,
};

/** What a row is given. */
export interface Context {
  readonly scale: Scale;
  /** A new empty folder on the file system that is measured. It is gone when the row has ended. */
  newFolder(name: string): string;
  /** Shows one line of progress. */
  say(line: string): void;
  /** Ends what the row started, last first; the runner calls it however the row ended. */
  defer(end: () => Promise<void>): void;
  /** What rows share: see `Lease.take`. Without a suite it is the row's own. */
  readonly take: Lease['take'];
}

/** A context and how to end it. */
export interface RowContext extends Context {
  end(): Promise<void>;
}

/**
 * Makes what a lease holds. Whatever that needs is of the context given, which lives as long as the
 * lease does.
 */
export type Start<T> = (context: Context) => Promise<T>;

/**
 * Processes that rows use one after another, so that they are warm. One set of them is alive at a
 * time.
 */
export interface Lease {
  /**
   * What is alive under this key, else what `start` makes; what was alive under another key ends
   * first. With `isFresh` it is never what rows before have used.
   */
  take<T>(key: string, start: Start<T>, isFresh?: boolean): Promise<T>;
  /** Ends what is alive. */
  end(): Promise<void>;
}

/** The folder of a run, which goes with the process. */
export function createRunFolder(parent: string): string {
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(resolve(parent), 'odradek-bench-'));
  removeAtExit(folder);
  return folder;
}

/** The context of one row, or of what rows share. */
export function rowContext(
  runFolder: string,
  scale: Scale,
  say: (line: string) => void,
  lease?: Lease,
): RowContext {
  const root = mkdtempSync(join(runFolder, 'row-'));
  const deferred: (() => Promise<void>)[] = [];
  const context: RowContext = {
    scale,
    say,
    take: (key, start, isFresh) => (lease ? lease.take(key, start, isFresh) : start(context)),
    newFolder(name) {
      const folder = join(root, name);
      mkdirSync(folder, { recursive: true });
      return folder;
    },
    defer(end) {
      deferred.push(end);
    },
    async end() {
      const failures: unknown[] = [];
      for (const end of deferred.reverse()) await end().catch((error) => failures.push(error));
      rmSync(root, { recursive: true, force: true, maxRetries: 5 });
      if (failures.length > 0) throw failures[0];
    },
  };
  return context;
}
