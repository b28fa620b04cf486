import { constants, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { PageCalls } from './page-probe.js';

/** The system calls that Node has no way to make. */
export interface NativeCalls {
  /**
   * Resolves when the whole file system that holds `fd` is durable. Linux only; runs on the thread
   * pool.
   */
  readonly syncfs: ((fd: number) => Promise<void>) | null;
  /**
   * flock(2), exclusive, never waiting. 0, or the negative errno: -EWOULDBLOCK when another holds
   * it.
   */
  flockExclusive(fd: number): number;
  /**
   * sendfile(2), synchronous. The count of bytes sent, or the negative errno. Interrupted calls are
   * repeated. Linux only.
   */
  readonly sendfile:
    | ((outFd: number, inFd: number, position: number, count: number) => number)
    | null;
  /** send(2) that never waits: the count of bytes taken, or the negative errno. Linux only. */
  readonly sendNow: ((outFd: number, bytes: Uint8Array) => number) | null;
  /**
   * accept4(2) on a listener that does not block: a descriptor that does not either, or the
   * negative errno. Linux only.
   */
  readonly acceptNow: ((listenerFd: number) => number) | null;
  /**
   * pread(2): fills `into` from byte `position` on. The count of bytes read, or the negative errno.
   * For ranges that are in memory it costs a third of Node's. Linux only.
   */
  readonly pread: ((fd: number, into: Uint8Array, position: number) => number) | null;
  /**
   * sendfile(2) to /dev/null, on the thread pool: brings the range into the page cache, and nothing
   * is copied. Resolves with the count of bytes, or the negative errno. Linux only.
   */
  readonly load: ((fd: number, position: number, count: number) => Promise<number>) | null;
  /**
   * sync_file_range(2) with SYNC_FILE_RANGE_WRITE, on the thread pool: dirty pages of the range are
   * on their way to the device when it resolves, with 0 or the negative errno. On the event loop it
   * may block for as long as the device's queue is full. Linux only.
   */
  readonly startWriteBack:
    | ((fd: number, position: number, count: number) => Promise<number>)
    | null;
  /**
   * posix_fadvise(2) with POSIX_FADV_SEQUENTIAL: the kernel reads twice as far ahead for this
   * descriptor. It is only advice, so its result is ignored. Linux only.
   */
  readonly adviseSequential: ((fd: number) => void) | null;
  /** What the page cache holds; its calls are null where there are none. Linux only. */
  readonly pages: PageCalls;
  /** Numbers of errno by name on this platform. */
  readonly errno: Readonly<Record<string, number>>;
}

const LOCK_EX_NB = 2 | 4;

/** With its mode: declarations for `require` are made of this file, too. */
type Koffi = typeof import('koffi', { with: { 'resolution-mode': 'import' }});

function bind(koffi: Koffi): NativeCalls {
  const { errno } = koffi.os;
  const libc = koffi.load(null);
  const flock = libc.func('int flock(int fd, int operation)') as (
    fd: number,
    operation: number,
  ) => number;
  const flockExclusive = (fd: number): number => {
    for (;;) {
      if (flock(fd, LOCK_EX_NB) === 0) return 0;
      const failed = koffi.errno() || errno.EIO!;
      if (failed !== errno.EINTR) return -failed;
    }
  };
  if (process.platform !== 'linux') {
    return {
      syncfs: null,
      flockExclusive,
      sendfile: null,
      sendNow: null,
      acceptNow: null,
      pread: null,
      load: null,
      startWriteBack: null,
      adviseSequential: null,
      pages: { cachedPages: null, readByteNow: null, pageBytes: 4096 },
      errno,
    };
  }

  const nameOf = (value: number): string =>
    Object.keys(errno).find((name) => errno[name] === value) ?? 'EIO';
  const syncfsCall = libc.func('int syncfs(int fd)');
  const syncfs = (fd: number): Promise<void> =>
    new Promise((resolve, reject) => {
      syncfsCall.async(fd, (error: Error | null, result: number) => {
        if (error) return reject(error);
        if (result === 0) return resolve();
        const code = nameOf(koffi.errno());
        reject(Object.assign(new Error(`${code}: syncfs failed`), { code, syscall: 'syncfs' }));
      });
    });

  // Where off_t has 32 bits the pointer below would be read wrongly.
  const wideOffsets = process.arch !== 'arm' && process.arch !== 'ia32';
  return {
    syncfs,
    flockExclusive,
    sendfile: wideOffsets ? bindSendfile(koffi, libc) : null,
    sendNow: wideOffsets ? bindSendNow(koffi, libc) : null,
    acceptNow: bindAcceptNow(koffi, libc),
    pread: wideOffsets ? bindPread(koffi, libc) : null,
    load: wideOffsets ? bindLoad(koffi, libc) : null,
    startWriteBack: wideOffsets ? bindStartWriteBack(koffi, libc) : null,
    adviseSequential: wideOffsets ? bindAdviseSequential(libc) : null,
    pages: bindPageCalls(koffi, libc, wideOffsets),
    errno,
  };
}

function bindPread(
  koffi: Koffi,
  libc: ReturnType<Koffi['load']>,
): NonNullable<NativeCalls['pread']> {
  const call = libc.func(
    'int64_t pread(int fd, uint8_t *into, size_t count, int64_t position)',
  ) as (fd: number, into: Uint8Array, count: number, position: number) => number;
  return (fd, into, position) => {
    const count = call(fd, into, into.length, position);
    return count >= 0 ? count : -(koffi.errno() || koffi.os.errno.EIO!);
  };
}

const MSG_DONTWAIT_NOSIGNAL = 0x40 | 0x4000;

function bindSendNow(
  koffi: Koffi,
  libc: ReturnType<Koffi['load']>,
): NonNullable<NativeCalls['sendNow']> {
  const call = libc.func(
    'int64_t send(int fd, const uint8_t *bytes, size_t length, int flags)',
  ) as (fd: number, bytes: Uint8Array, length: number, flags: number) => number;
  return (outFd, bytes) => {
    const sent = call(outFd, bytes, bytes.length, MSG_DONTWAIT_NOSIGNAL);
    return sent >= 0 ? sent : -(koffi.errno() || koffi.os.errno.EIO!);
  };
}

const SOCK_NONBLOCK_CLOEXEC = constants.O_NONBLOCK | 0o2000000;

function bindAcceptNow(
  koffi: Koffi,
  libc: ReturnType<Koffi['load']>,
): NonNullable<NativeCalls['acceptNow']> {
  const call = libc.func('int accept4(int fd, uint8_t *address, uint8_t *length, int flags)') as (
    fd: number,
    address: null,
    length: null,
    flags: number,
  ) => number;
  return (listenerFd) => {
    const fd = call(listenerFd, null, null, SOCK_NONBLOCK_CLOEXEC);
    return fd >= 0 ? fd : -(koffi.errno() || koffi.os.errno.EIO!);
  };
}

function bindSendfile(
  koffi: Koffi,
  libc: ReturnType<Koffi['load']>,
): NonNullable<NativeCalls['sendfile']> {
  // koffi has no ssize_t; both are 64 bits wide here.
  const call = libc.func(
    'int64_t sendfile(int outFd, int inFd, int64_t *offset, size_t count)',
  ) as (outFd: number, inFd: number, offset: BigInt64Array, count: number) => number;
  const { errno } = koffi.os;
  const offset = new BigInt64Array(1);
  return (outFd, inFd, position, count) => {
    for (;;) {
      offset[0] = BigInt(position);
      const sent = call(outFd, inFd, offset, count);
      if (sent >= 0) return sent;
      // Never 0, which would mean the end of the file.
      const failed = koffi.errno() || errno.EIO!;
      if (failed !== errno.EINTR) return -failed;
    }
  };
}

function bindLoad(koffi: Koffi, libc: ReturnType<Koffi['load']>): NonNullable<NativeCalls['load']> {
  const call = libc.func('int64_t sendfile(int outFd, int inFd, int64_t *offset, size_t count)');
  let nowhere = -1;
  // The kernel writes into these when a call ends. The callback holds each of them until then,
  // because the garbage collector does not know of the call.
  const free: BigInt64Array[] = [];
  return (fd, position, count) =>
    new Promise((resolve, reject) => {
      if (nowhere < 0) nowhere = openSync('/dev/null', constants.O_WRONLY);
      const offset = free.pop() ?? new BigInt64Array(new ArrayBuffer(8));
      offset[0] = BigInt(position);
      call.async(nowhere, fd, offset, count, (error: Error | null, sent: number) => {
        free.push(offset);
        if (error) reject(error);
        else resolve(sent >= 0 ? sent : -(koffi.errno() || koffi.os.errno.EIO!));
      });
    });
}

const POSIX_FADV_SEQUENTIAL = 2;

function bindAdviseSequential(
  libc: ReturnType<Koffi['load']>,
): NonNullable<NativeCalls['adviseSequential']> {
  const call = libc.func('int posix_fadvise(int fd, int64_t position, int64_t count, int advice)');
  return (fd) => void call(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
}

const SYNC_FILE_RANGE_WRITE = 2;

/** Null where libc has no such call (musl). */
function bindStartWriteBack(
  koffi: Koffi,
  libc: ReturnType<Koffi['load']>,
): NativeCalls['startWriteBack'] {
  try {
    const call = libc.func(
      'int sync_file_range(int fd, int64_t position, int64_t count, unsigned int flags)',
    );
    return (fd, position, count) =>
      new Promise((resolve, reject) => {
        const done = (error: Error | null, result: number): void => {
          if (error) reject(error);
          else resolve(result === 0 ? 0 : -(koffi.errno() || koffi.os.errno.EIO!));
        };
        call.async(fd, position, count, SYNC_FILE_RANGE_WRITE, done);
      });
  } catch {
    return null;
  }
}

/** The number is the same on every architecture: it is younger than their common table. */
const SYS_CACHESTAT = 451;
const RWF_NOWAIT = 8;

function bindPageCalls(
  koffi: Koffi,
  libc: ReturnType<Koffi['load']>,
  wideOffsets: boolean,
): PageCalls {
  const pageBytes = (libc.func('int getpagesize()') as () => number)();
  if (!wideOffsets) return { cachedPages: null, readByteNow: null, pageBytes };
  const { errno } = koffi.os;
  const failure = (): number => -(koffi.errno() || errno.EIO!);
  return {
    cachedPages: bindCachestat(libc, failure, errno),
    readByteNow: bindReadByteNow(koffi, libc, failure),
    pageBytes,
  };
}

/** Null where the kernel is older than the call. */
function bindCachestat(
  libc: ReturnType<Koffi['load']>,
  failure: () => number,
  errno: Readonly<Record<string, number>>,
): PageCalls['cachedPages'] {
  const call = libc.func(
    'long syscall(long number, uint32_t fd, const uint64_t *range, uint64_t *found, uint32_t flags)',
  ) as (
    number: number,
    fd: number,
    range: BigUint64Array,
    found: BigUint64Array,
    flags: number,
  ) => number;
  const range = new BigUint64Array(2);
  const found = new BigUint64Array(5);
  // No descriptor is -1: EBADF comes from a kernel that knows the call.
  if (call(SYS_CACHESTAT, 0xffffffff, range, found, 0) < 0 && failure() !== -errno.EBADF!)
    return null;
  return (fd, position, size) => {
    range[0] = BigInt(position);
    range[1] = BigInt(size);
    return call(SYS_CACHESTAT, fd, range, found, 0) === 0 ? Number(found[0]) : failure();
  };
}

/** Null where libc is older than the call. */
function bindReadByteNow(
  koffi: Koffi,
  libc: ReturnType<Koffi['load']>,
  failure: () => number,
): PageCalls['readByteNow'] {
  const byte = Buffer.allocUnsafeSlow(1);
  // struct iovec: where to, how much.
  const target = new BigUint64Array([koffi.address(byte), 1n]);
  try {
    const call = libc.func(
      'int64_t preadv2(int fd, const uint64_t *target, int targets, int64_t position, int flags)',
    ) as (
      fd: number,
      target: BigUint64Array,
      targets: number,
      position: number,
      flags: number,
    ) => number;
    return (fd, position) => {
      const count = call(fd, target, byte.length, position, RWF_NOWAIT);
      return count >= 0 ? count : failure();
    };
  } catch {
    return null;
  }
}

let calls: NativeCalls | null | undefined;

/**
 * The native calls, or null where koffi cannot be loaded or `ODRADEK_NO_NATIVE=1` is set. Loaded at
 * the first use and remembered. Every caller has a way without them: a sync per file, a socket as
 * the directory lock, reading and writing instead of sendfile.
 */
export function native(): NativeCalls | null {
  if (calls === undefined) {
    calls = loadNative(() => createRequire(import.meta.url)('koffi') as Koffi);
  }
  return calls;
}

/**
 * As `native`, but not remembered, and with the loader passed in. Windows has none of the calls.
 */
export function loadNative(
  load: () => Koffi,
  environment: Readonly<Record<string, string | undefined>> = process.env,
  platform: string = process.platform,
): NativeCalls | null {
  if (environment.ODRADEK_NO_NATIVE === '1' || platform === 'win32') return null;
  try {
    return bind(load());
  } catch {
    return null;
  }
}

/** Whether `sendFile` may be called on this machine. */
export function sendFileAvailable(): boolean {
  return Boolean(native()?.sendfile);
}

/**
 * Sends up to `count` bytes of `inFd`, from byte `position` on, to the socket `outFd`; returns how
 * many went, 0 at the end of the file, or a negative errno (`-native().errno.EAGAIN` when the
 * socket is full). Both descriptors must be open for certain when it is called: a number that was
 * reused would send another file.
 */
export function sendFile(outFd: number, inFd: number, position: number, count: number): number {
  return native()!.sendfile!(outFd, inFd, position, count);
}

/**
 * Sends what the socket `outFd` has room for, without waiting; returns how many bytes the kernel
 * took, or a negative errno. Available where `sendFile` is, and as careful with descriptors.
 */
export function sendNow(outFd: number, bytes: Uint8Array): number {
  return native()!.sendNow!(outFd, bytes);
}

/**
 * Accepts a connection that waits at the listener `listenerFd`: its descriptor, or a negative
 * errno. Available where `sendFile` is.
 */
export function acceptNow(listenerFd: number): number {
  return native()!.acceptNow!(listenerFd);
}
