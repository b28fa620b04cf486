import { createRequire } from 'node:module';

/** System calls that the engine has no use for, bound for this comparison alone. Linux only. */
export interface ExtraCalls {
  /**
   * fallocate(2): room for `length` bytes from the beginning. With `keepSize` the file stays as
   * long as it was.
   */
  fallocate(fd: number, length: number, keepSize: boolean): void;
  /** sync_file_range(2) that only starts write-back of the whole file. */
  startWriteBack(fd: number): void;
}

const KEEP_SIZE = 1;
const SYNC_FILE_RANGE_WRITE = 2;

type Koffi = typeof import('koffi');

/** Throws where koffi is missing. */
export function extraCalls(): ExtraCalls {
  const koffi = createRequire(import.meta.url)('koffi') as Koffi;
  const libc = koffi.load(null);
  const fallocate = libc.func('int fallocate(int fd, int mode, int64_t offset, int64_t length)');
  const syncFileRange = libc.func(
    'int sync_file_range(int fd, int64_t offset, int64_t count, unsigned int flags)',
  );
  const check = (call: string, result: number): void => {
    if (result !== 0) throw new Error(`${call} failed with errno ${koffi.errno()}`);
  };
  return {
    fallocate: (fd, length, keepSize) =>
      check('fallocate', fallocate(fd, keepSize ? KEEP_SIZE : 0, 0, length) as number),
    startWriteBack: (fd) =>
      check('sync_file_range', syncFileRange(fd, 0, 0, SYNC_FILE_RANGE_WRITE) as number),
  };
}
