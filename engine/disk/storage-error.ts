import { EngineError } from '../errors.js';
import type { DataDirectory } from './data-directory.js';
import { hasAnyErrno, hasErrno } from './errno.js';

/**
 * The error of a failed disk operation for its caller. A full disk and a lack of descriptors are
 * temporary, and nothing of the operation was kept; every other failure takes the directory
 * offline, here and nowhere else. An EngineError is returned unchanged.
 */
export function storageError(directory: DataDirectory, what: string, error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  if (hasErrno(error, 'ENOSPC') || hasErrno(error, 'EDQUOT')) {
    return new EngineError('STORAGE_FULL', `${what}: no space is left on the disk`, {
      cause: error,
      path: directory.root,
    });
  }
  if (hasErrno(error, 'EMFILE') || hasErrno(error, 'ENFILE')) {
    return new EngineError(
      'STORAGE_BUSY',
      `${what}: no file descriptor is left (raise ulimit -n)`,
      {
        cause: error,
        path: directory.root,
      },
    );
  }
  return directory.fail(what, error);
}

/**
 * As `storageError`, for a read. An error that did not come from the disk is returned unchanged.
 */
export function readError(directory: DataDirectory, path: string, error: unknown): unknown {
  if (!hasAnyErrno(error)) return error;
  return storageError(directory, `cannot read ${path}`, error);
}
