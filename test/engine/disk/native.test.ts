import { once } from 'node:events';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { loadNative, native, sendFile, sendFileAvailable } from '../../../engine/disk/native.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const linux = process.platform === 'linux';

describe('native calls', () => {
  it('are absent without koffi, and where they are switched off', () => {
    const missing = (): never => {
      throw new Error('cannot find koffi');
    };
    expect(loadNative(missing, {})).toBeNull();
    let asked = false;
    const load = (): never => {
      asked = true;
      return missing();
    };
    expect(loadNative(load, { ODRADEK_NO_NATIVE: '1' })).toBeNull();
    expect(loadNative(load, {}, 'win32')).toBeNull();
    expect(asked).toBe(false);
  });

  it('are loaded once', () => {
    expect(native()).toBe(native());
    expect(sendFileAvailable()).toBe(linux);
  });

  it('tell a lock that another descriptor holds', () => {
    const calls = native()!;
    const path = join(temporaryFolder(), 'f');
    const first = openSync(path, 'a+');
    const second = openSync(path, 'a+');
    expect(calls.flockExclusive(first)).toBe(0);
    expect(calls.flockExclusive(second)).toBe(-calls.errno.EWOULDBLOCK!);
    closeSync(first);
    expect(calls.flockExclusive(second)).toBe(0);
    closeSync(second);
    expect(calls.flockExclusive(second)).toBe(-calls.errno.EBADF!);
  });
});

describe.runIf(linux)('native calls of Linux', () => {
  it('sync a file system, and name the errno of a failure', async () => {
    const { syncfs } = native()!;
    const fd = openSync(temporaryFolder(), 'r');
    await syncfs!(fd);
    closeSync(fd);
    await expect(syncfs!(fd)).rejects.toMatchObject({ code: 'EBADF', syscall: 'syncfs' });
  });

  it('begin to write a range back, and name the errno of a failure', async () => {
    const { startWriteBack, errno } = native()!;
    const path = join(temporaryFolder(), 'f');
    writeFileSync(path, 'some bytes');
    const fd = openSync(path, 'r+');
    expect(await startWriteBack!(fd, 0, 10)).toBe(0);
    closeSync(fd);
    expect(await startWriteBack!(fd, 0, 10)).toBe(-errno.EBADF!);
  });

  it('advise that a file is read in order, and mind no descriptor that is gone', () => {
    const { adviseSequential } = native()!;
    const path = join(temporaryFolder(), 'f');
    writeFileSync(path, 'some bytes');
    const fd = openSync(path, 'r');
    adviseSequential!(fd);
    closeSync(fd);
    expect(() => adviseSequential!(fd)).not.toThrow();
  });

  it('bring ranges of a file into memory, many at a time, and tell what is there', async () => {
    const { load, pages, errno } = native()!;
    const size = 3_000_000;
    const path = join(temporaryFolder(), 'f');
    writeFileSync(path, Buffer.alloc(size, 'x'));
    const fd = openSync(path, 'r+');
    const positions = Array.from({ length: 200 }, (_, at) => at * 10_000);
    expect(await Promise.all(positions.map((at) => load!(fd, at, 50_000)))).toEqual(
      positions.map(() => 50_000),
    );
    expect(await load!(fd, size - 10, 100)).toBe(10);
    expect(await load!(fd, size, 100)).toBe(0);
    // Where the kernel or the file system of the tests cannot say, it says that.
    const cached = pages.cachedPages?.(fd, 0, size) ?? -errno.ENOSYS!;
    if (cached >= 0) expect(cached).toBe(Math.ceil(size / pages.pageBytes));
    const now = pages.readByteNow!(fd, size - 1);
    if (now >= 0) expect(now).toBe(1);
    else expect([-errno.EAGAIN!, -errno.EOPNOTSUPP!]).toContain(now);
    closeSync(fd);
    expect(await load!(fd, 0, 10)).toBe(-errno.EBADF!);
    expect(pages.readByteNow!(fd, 0)).toBe(-errno.EBADF!);
  });

  it('send a file by position until the socket is full, then again, with no byte changed', async () => {
    const size = 12_000_000;
    const content = Buffer.alloc(size);
    for (let at = 0; at < size; at += 1000) content.writeUInt32BE(at, at);
    const path = join(temporaryFolder(), 'f');
    writeFileSync(path, content);
    const fd = openSync(path, 'r');
    const { EAGAIN } = native()!.errno;
    let becomeFull = (): void => {};
    const full = new Promise<void>((resolve) => {
      becomeFull = resolve;
    });

    const server = createServer((socket) => {
      let position = 1000;
      const send = (): void => {
        const target = (socket as unknown as { _handle: { fd: number } })._handle.fd;
        const sent = sendFile(target, fd, position, size - position);
        if (sent === 0) return void socket.end();
        if (sent > 0) position += sent;
        else if (sent === -EAGAIN!) becomeFull();
        else return void socket.destroy(new Error(`sendfile: ${sent}`));
        setImmediate(send);
      };
      send();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
    await full;
    const received = await buffer(client);
    server.close();
    await once(server, 'close');
    expect(received.equals(content.subarray(1000))).toBe(true);
    closeSync(fd);
    expect(sendFile(fd, fd, 0, 10)).toBe(-native()!.errno.EBADF!);
  });
});
