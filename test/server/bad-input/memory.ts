import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** Bytes of buffers, and of everything, that this process holds once the garbage is gone. */
export interface MemoryHeld {
  readonly bufferBytes: number;
  readonly heapBytes: number;
  readonly residentBytes: number;
}

export function memoryHeld(): MemoryHeld {
  collectGarbage();
  const { arrayBuffers, heapUsed, rss } = process.memoryUsage();
  return { bufferBytes: arrayBuffers, heapBytes: heapUsed, residentBytes: rss };
}
