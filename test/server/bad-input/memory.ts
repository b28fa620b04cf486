import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'vitest';

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
  // V8 frees the buffers of one collection on a thread, and waits for that before the next.
  collectGarbage();
  const { arrayBuffers, heapUsed, rss } = process.memoryUsage();
  return { bufferBytes: arrayBuffers, heapBytes: heapUsed, residentBytes: rss };
}

/**
 * Fails unless what is held beyond `before` comes to less than `limit`, and soon: what ends a
 * request may still be on its way.
 */
export async function expectHeldBelow(
  before: MemoryHeld,
  limit: Partial<MemoryHeld>,
): Promise<void> {
  const excess = (): string[] => {
    const held = memoryHeld();
    return (Object.keys(limit) as (keyof MemoryHeld)[])
      .filter((what) => held[what] - before[what] >= limit[what]!)
      .map((what) => `${held[what] - before[what]} ${what}, not below ${limit[what]}`);
  };
  await expect.poll(excess).toEqual([]);
}
