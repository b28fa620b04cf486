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
import { forPlatform, nodeDisk } from '../disk/node-disk.js';

const plainThreadDisk: Disk = {
  openSync: (path, mode) => nodeDisk.openSync(path, mode),
  open: async (path, mode) => onThisThread(nodeDisk.openSync(path, mode)),
  mkdirSync: (path) => nodeDisk.mkdirSync(path),
  mkdir: (path) => nodeDisk.mkdir(path),
  readdir: (path) => nodeDisk.readdir(path),
  async stat(path) {
    const found = statSync(path, { throwIfNoEntry: false });
    return found
      ? {
          size: found.size,
          isDirectory: found.isDirectory(),
          modifiedMs: found.mtimeMs,
          fileId: found.ino,
          links: found.nlink,
        }
      : null;
  },
  readFile: (path) => nodeDisk.readFile(path),
  readFileSync: (path) => nodeDisk.readFileSync(path),
  rename: (from, to) => nodeDisk.rename(from, to),
  link: (from, to) => nodeDisk.link(from, to),
  unlink: async (path) => unlinkSync(path),
  rmdir: (path) => nodeDisk.rmdir(path),
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
  space: (path) => nodeDisk.space(path),
};

/**
 * The disk for a thread that may wait: the calls that jobs use run at once, on the calling thread.
 * Node's pool for asynchronous calls is shared by all threads of the process; there a job's
 * megabytes would stand before the event loop's syncs, and have its priority.
 */
export const threadDisk: Disk = forPlatform(plainThreadDisk);

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
