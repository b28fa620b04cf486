import type { Disk, DiskFile, OpenMode } from '../disk/disk.js';
import { hasErrno } from '../disk/errno.js';
import { EngineError } from '../errors.js';

/**
 * A disk of which everything is read and nothing is changed: files are opened for reading, and what
 * would change anything fails with EROFS. A segment that is not there any more is no fault of the
 * disk: its owner has deleted or replaced it (INDEX_REBUILDING: ask again).
 */
export function readOnlyDisk(disk: Disk): Disk {
  return {
    openSync: (path, mode) => {
      assertReading(path, mode);
      try {
        return disk.openSync(path, 'read');
      } catch (error) {
        throw openError(path, error);
      }
    },
    open: async (path, mode): Promise<DiskFile> => {
      assertReading(path, mode);
      try {
        return await disk.open(path, 'read');
      } catch (error) {
        throw openError(path, error);
      }
    },
    readdir: (path) => disk.readdir(path),
    stat: (path) => disk.stat(path),
    readFile: (path) => disk.readFile(path),
    readFileSync: (path) => disk.readFileSync(path),
    space: (path) => disk.space(path),
    mkdirSync: (path) => {
      throw readOnly(path);
    },
    mkdir: refuse,
    rename: refuse,
    link: refuse,
    unlink: refuse,
    rmdir: refuse,
    syncDirectory: refuse,
    syncFileSystem: undefined,
  };
}

function assertReading(path: string, mode: OpenMode): void {
  if (mode === 'create' || mode === 'append') throw readOnly(path);
}

async function refuse(path: string): Promise<never> {
  throw readOnly(path);
}

function readOnly(path: string): Error {
  return Object.assign(new Error(`EROFS: ${path} is read only`), { code: 'EROFS', path });
}

function openError(path: string, error: unknown): unknown {
  if (!hasErrno(error, 'ENOENT') || !/\.log(\.swap)?$/.test(path)) return error;
  return new EngineError('INDEX_REBUILDING', `${path} was replaced or deleted: ask again`, {
    path,
  });
}
