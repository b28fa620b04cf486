import { join } from 'node:path';
import { peer } from '../lib/peers.js';
import type { OpenStore, StorePromise } from './store.js';

interface Statement {
  run(value: Buffer): void;
  iterate(): Iterable<{ value: Buffer }>;
}

interface Database {
  pragma(text: string): unknown;
  exec(text: string): void;
  prepare(text: string): Statement;
  transaction(run: (records: readonly Buffer[]) => void): (records: readonly Buffer[]) => void;
  close(): void;
}

/** In WAL mode, FULL syncs at every commit, NORMAL at checkpoints, OFF never. */
const SYNCHRONOUS: Record<StorePromise, string> = { ack: 'FULL', interval: 'NORMAL', os: 'OFF' };

/** One transaction a call. Its calls are synchronous: waiters cannot share a commit. */
export const openBetterSqlite: OpenStore = async (folder, promise) => {
  const Sqlite = peer<new (path: string) => Database>('better-sqlite3');
  const database = new Sqlite(join(folder, 'store.sqlite'));
  database.pragma('journal_mode = WAL');
  database.pragma(`synchronous = ${SYNCHRONOUS[promise]}`);
  database.exec('CREATE TABLE log (id INTEGER PRIMARY KEY, value BLOB)');
  const insert = database.prepare('INSERT INTO log (value) VALUES (?)');
  const insertAll = database.transaction((records) => {
    for (const record of records) insert.run(record);
  });
  return {
    async append(records) {
      insertAll(records);
    },
    async scan() {
      let bytes = 0;
      const all = database.prepare('SELECT value FROM log ORDER BY id').iterate();
      for (const { value } of all) bytes += value.length;
      return bytes;
    },
    async close() {
      database.close();
    },
  };
};
