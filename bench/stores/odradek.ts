import { openEngine } from '../../engine/index.js';
import type { OpenStore } from './store.js';

const READ_BYTES = 1024 * 1024;
const INTERVAL_MS = 1000;

export const openOdradek: OpenStore = async (folder, promise) => {
  const engine = await openEngine(folder);
  const log = await engine.log('bench', {
    flush: promise,
    ...(promise === 'interval' ? { flushMs: INTERVAL_MS } : {}),
  });
  return {
    async append(records) {
      await log.append(records.map((value) => ({ value })));
    },
    async scan() {
      let bytes = 0;
      for (let offset = log.startOffset; offset < log.endOffset; ) {
        const { records, nextOffset } = await log.read({ offset, maxBytes: READ_BYTES });
        for (const { value } of records) bytes += value?.length ?? 0;
        offset = nextOffset;
      }
      return bytes;
    },
    close: () => engine.close(),
  };
};
