import {
  closeSync,
  constants,
  fdatasyncSync,
  fsyncSync,
  openSync,
  readSync,
  statSync,
  unlinkSync,
} from 'node:fs';
import type { Disk, DiskFile } from '../disk/disk.js';
import { nodeDisk } from '../disk/node-disk.js';

/**
 * The disk for a thread that may wait: the calls that jobs use run at once, on the calling thread.
 * Node's pool for asynchronous calls is shared by all threads of the process; there a job's
 * megabytes would stand before the event loop's syncs, and have its priority.
 */
export const threadDisk: Disk = {
  openSync: nodeDisk.openSync,
  open: async (path, mode) => onThisThread(nodeDisk.openSync(path, mode)),
  mkdirSync: nodeDisk.mkdirSync,
  mkdir: nodeDisk.mkdir,
  readdir: nodeDisk.readdir,
  async stat(path) {
    const found = statSync(path, { throwIfNoEntry: false });
    return found
      ? {
          size: found.size,
          isDirectory: found.isDirectory(),
          modifiedMs: found.mtimeMs,
        }
      : null;
  },
  readFile: nodeDisk.readFile,
  readFileSync: nodeDisk.readFileSync,
  rename: nodeDisk.rename,
  unlink: async (path) => unlinkSync(path),
  rmdir: nodeDisk.rmdir,
  async syncDirectory(path) {
    const fd = openSync(path, constants.O_RDONLY);
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  },
  // No job syncs a whole file system.
  syncFileSystem: undefined,
  space: nodeDisk.space,
};

function onThisThread(file: DiskFile): DiskFile {
  const { path, fd } = file;
  return {
    path,
    fd,
    size: () => file.size(),
    links: () => file.links(),
    writevSync: (buffers, position) => file.writevSync(buffers, position),
    writev: async (buffers, position) => file.writevSync(buffers, position),
    readSync: (into, position) => readFully(fd, into, position),
    read: async (into, position) => readFully(fd, into, position),
    truncateSync: (size) => file.truncateSync(size),
    truncate: async (size) => file.truncateSync(size),
    datasync: async () => fdatasyncSync(fd),
    close: () => file.close(),
  };
}

/** Reads as `DiskFile.readSync` does: fewer bytes than asked only at the end of the file. */
function readFully(fd: number, into: Uint8Array, position: number): number {
  let count = 0;
  while (count < into.length) {
    const got = readSync(fd, into, count, into.length - count, position + count);
    if (got === 0) break;
    count += got;
  }
  return count;
}
