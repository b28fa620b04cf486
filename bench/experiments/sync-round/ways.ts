import { fdatasync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import type { ExtraCalls } from './calls.js';
import { JOURNAL_KINDS, Journal, type JournalKind } from './journal.js';

const fdatasyncAsync = promisify(fdatasync);

/** Files that each round appends to, and what a way may need beside them. */
export interface Round {
  readonly folder: string;
  readonly files: readonly number[];
  /** What one file gets in one round. */
  readonly bytes: Uint8Array;
  readonly calls: ExtraCalls;
  /** Makes the whole file system durable. */
  readonly syncfs: () => Promise<void>;
  /** The most that one file will get. */
  readonly fileBytesMax: number;
}

/** One way of making a round durable, prepared for some files. */
export interface Prepared {
  /**
   * Everything that was appended by now is durable when it resolves. Returns how many bytes a
   * journal took.
   */
  sync(): Promise<number>;
  close(): void;
}

export interface Way {
  /** Threads of libuv's pool. */
  readonly threads: number;
  prepare(round: Round): Prepared;
}

function eachFile(
  threads: number,
  prepare: (round: Round, file: number) => void,
  inTurn = false,
): Way {
  return {
    threads,
    prepare(round) {
      for (const file of round.files) prepare(round, file);
      return {
        async sync() {
          if (inTurn) for (const file of round.files) await fdatasyncAsync(file);
          else await Promise.all(round.files.map((file) => fdatasyncAsync(file)));
          return 0;
        },
        close: () => {},
      };
    },
  };
}

function oneSyncfs(prepare: (round: Round, file: number) => void): Way {
  return {
    threads: 4,
    prepare(round) {
      for (const file of round.files) prepare(round, file);
      return {
        async sync() {
          await round.syncfs();
          return 0;
        },
        close: () => {},
      };
    },
  };
}

const asItIs = (): void => {};
/**
 * Blocks without a size: what an append still changes is the size, and that the blocks hold
 * something.
 */
const keepSize = (round: Round, file: number): void =>
  round.calls.fallocate(file, round.fileBytesMax, true);
/** An append changes nothing but bytes. */
const zeroedAhead = (round: Round, file: number): void => {
  const zeros = Buffer.alloc(round.fileBytesMax);
  writeSync(file, zeros, 0, zeros.length, 0);
};

/** Starts write-back of all files, then syncs each: what is left to wait for overlaps. */
const writeBackFirst: Way = {
  threads: 4,
  prepare: (round) => ({
    async sync() {
      for (const file of round.files) round.calls.startWriteBack(file);
      await Promise.all(round.files.map((file) => fdatasyncAsync(file)));
      return 0;
    },
    close: () => {},
  }),
};

function oneJournal(kind: JournalKind): Way {
  return {
    threads: 4,
    prepare(round) {
      const journal = new Journal(round.folder, kind, round.calls);
      const payload = round.files.map(() => round.bytes);
      return { sync: () => journal.append(payload), close: () => journal.close() };
    },
  };
}

const journals = Object.fromEntries(
  Object.keys(JOURNAL_KINDS).map((kind) => [`journal, ${kind}`, oneJournal(kind as JournalKind)]),
) as Record<`journal, ${JournalKind}`, Way>;

/** Every way that is compared. */
export const WAYS: Readonly<Record<string, Way>> = {
  'fdatasync in turn': eachFile(4, asItIs, true),
  'fdatasync, 4 threads': eachFile(4, asItIs),
  'fdatasync, 16 threads': eachFile(16, asItIs),
  syncfs: oneSyncfs(asItIs),
  ...journals,
  'write-back started, fdatasync, 4 threads': writeBackFirst,
  'fallocated, fdatasync, 4 threads': eachFile(4, keepSize),
  'fallocated, syncfs': oneSyncfs(keepSize),
  'zeroed ahead, fdatasync, 4 threads': eachFile(4, zeroedAhead),
  'zeroed ahead, fdatasync, 16 threads': eachFile(16, zeroedAhead),
  'zeroed ahead, syncfs': oneSyncfs(zeroedAhead),
};
