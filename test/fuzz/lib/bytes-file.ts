import type { DiskFile } from '../../../engine/disk/disk.js';

/** A file that can only be read, of bytes in memory. Far quicker than the simulated disk. */
export function bytesFile(bytes: Buffer): DiskFile {
  const readSync = (into: Uint8Array, position: number): number =>
    position >= bytes.length ? 0 : bytes.copy(into, 0, position);
  const refuse = (): never => {
    throw new Error('this file is only read');
  };
  return {
    path: '/bytes',
    fd: -1,
    size: async () => bytes.length,
    links: async () => 1,
    readSync,
    read: async (into, position) => readSync(into, position),
    writevSync: refuse,
    writev: refuse,
    truncateSync: refuse,
    truncate: refuse,
    datasync: refuse,
    close: async () => {},
  };
}
