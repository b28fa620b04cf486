import { join } from 'node:path';
import { peer } from '../lib/peers.js';
import type { OpenStore } from './store.js';

interface Database {
  put(key: number, value: Buffer): Promise<boolean>;
  readonly flushed: Promise<boolean>;
  getRange(options: object): Iterable<{ value: Buffer }>;
  close(): Promise<void>;
}

/**
 * Writes of one turn of the event loop share a transaction. `ack` waits for `flushed`; the others
 * commit without a sync.
 */
export const openLmdb: OpenStore = async (folder, promise) => {
  const { open } = peer<{ open(options: object): Database }>('lmdb');
  const database = open({
    path: join(folder, 'store.mdb'),
    encoding: 'binary',
    keyEncoding: 'uint32',
    noSync: promise !== 'ack',
  });
  let next = 0;
  return {
    async append(records) {
      let last: Promise<boolean> | undefined;
      for (const record of records) last = database.put(next++, record);
      await last;
      if (promise === 'ack') await database.flushed;
    },
    async scan() {
      let bytes = 0;
      for (const { value } of database.getRange({})) bytes += value.length;
      return bytes;
    },
    close: () => database.close(),
  };
};
