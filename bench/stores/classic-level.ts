import { peer } from '../lib/peers.js';
import type { OpenStore } from './store.js';

interface Level {
  open(): Promise<void>;
  batch(operations: object[], options: { sync: boolean }): Promise<void>;
  values(): AsyncIterable<Buffer> & {
    nextv(count: number): Promise<Buffer[]>;
    close(): Promise<void>;
  };
  close(): Promise<void>;
}

const SCAN_COUNT = 1000;
const KEY_BYTES = 8;

/**
 * LevelDB: one batch a call, `sync` under `ack`. Compression is off, since the payload would
 * flatter it.
 */
export const openClassicLevel: OpenStore = async (folder, promise) => {
  const { ClassicLevel } = peer<{ ClassicLevel: new (path: string, options: object) => Level }>(
    'classic-level',
  );
  const database = new ClassicLevel(folder, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    compression: false,
  });
  await database.open();
  let next = 0;
  const keyOf = (index: number): Buffer => {
    const key = Buffer.alloc(KEY_BYTES);
    key.writeUIntBE(index, 2, 6);
    return key;
  };
  return {
    async append(records) {
      const operations = records.map((value) => ({ type: 'put', key: keyOf(next++), value }));
      await database.batch(operations, { sync: promise === 'ack' });
    },
    async scan() {
      let bytes = 0;
      const values = database.values();
      for (;;) {
        const some = await values.nextv(SCAN_COUNT);
        if (some.length === 0) break;
        for (const value of some) bytes += value.length;
      }
      await values.close();
      return bytes;
    },
    close: () => database.close(),
  };
};
