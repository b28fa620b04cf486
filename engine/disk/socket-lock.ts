import { createHash } from 'node:crypto';
import { readdir, realpath, unlink } from 'node:fs/promises';
import { createConnection, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasErrno } from './errno.js';

/** sun_path with its closing zero: 108 on Linux, 104 on macOS. */
const SOCKET_PATH_BYTES_MAX = 103;

/** Enough for any generation, so that a directory does not change its way of locking as it ages. */
const GENERATION_DIGITS = 10;

interface SocketHome {
  readonly folder: string;
  readonly prefix: string;
}

/**
 * Becomes the only listener for `root`, or resolves with null when another one lives. Otherwise
 * resolves with a function that ends it.
 *
 * Binding a name is atomic, but a dead owner leaves its socket behind, and unlinking a dead socket
 * to bind the same name could hit one that another process bound a moment ago. So each owner binds
 * a new name:
 *
 * 1. Find the highest generation N among `<prefix><N>.sock`. If it answers, the directory is taken.
 * 2. Bind N + 1. If the name exists, another was faster: start again.
 * 3. Look once more. If any other socket answers, its owner may not have seen this one: give way.
 * 4. Unlink the dead ones.
 *
 * Of two openers that both bind (possible when a clean stop removed its socket between their
 * looks), at least one sees the other in step 3, since each looks after it has bound. If both do,
 * both give way.
 */
export async function listenAlone(
  root: string,
  prefix: string,
): Promise<(() => Promise<void>) | null> {
  if (process.platform === 'win32') return listenByName(await pipeName(root));
  const home = await socketHome(root, prefix);
  for (;;) {
    const before = await generations(home);
    for (const generation of before) if (await answers(home, generation)) return null;
    const own = Math.max(0, ...before) + 1;
    const server = await listen(pathOf(home, own));
    if (!server) continue;
    const others = (await generations(home)).filter((generation) => generation !== own);
    for (const generation of others) {
      if (!(await answers(home, generation))) continue;
      await close(server);
      return null;
    }
    for (const generation of others) await unlinkIfThere(pathOf(home, generation));
    return () => close(server);
  }
}

/**
 * Where a listener's name ends with its process, nothing is left behind: a named pipe on Windows,
 * an abstract socket on Linux. Null when another listens.
 */
export async function listenByName(name: string): Promise<(() => Promise<void>) | null> {
  const server = await listen(name);
  return server && (() => close(server));
}

/** One name for a folder, however it is written; Windows tells no small letters from capitals. */
export async function pipeName(root: string): Promise<string> {
  const folder = (await realpath(root)).toLowerCase();
  return `\\\\.\\pipe\\odradek-${createHash('sha256').update(folder).digest('hex').slice(0, 32)}`;
}

/**
 * In the root itself, or, where the path is too long for a socket, under a hashed name in the
 * temporary folder.
 */
async function socketHome(root: string, prefix: string): Promise<SocketHome> {
  const folder = await realpath(root);
  const longest = join(folder, `${prefix}${'9'.repeat(GENERATION_DIGITS)}.sock`);
  if (Buffer.byteLength(longest) <= SOCKET_PATH_BYTES_MAX) return { folder, prefix };
  const hash = createHash('sha256').update(folder).digest('hex').slice(0, 16);
  return { folder: tmpdir(), prefix: `odradek-${hash}${prefix}` };
}

function pathOf(home: SocketHome, generation: number): string {
  return join(home.folder, `${home.prefix}${generation}.sock`);
}

async function generations(home: SocketHome): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir(home.folder)) {
    if (!name.startsWith(home.prefix) || !name.endsWith('.sock')) continue;
    const digits = name.slice(home.prefix.length, -'.sock'.length);
    if (/^\d{1,10}$/.test(digits)) found.push(Number(digits));
  }
  return found;
}

/**
 * Whether a process listens. The kernel accepts for a process that is busy or stopped; it refuses
 * only for a dead one.
 */
function answers(home: SocketHome, generation: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection(pathOf(home, generation));
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', (error) => {
      resolve(!hasErrno(error, 'ECONNREFUSED') && !hasErrno(error, 'ENOENT'));
    });
  });
}

/** Null when the name exists. */
function listen(path: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.on('error', (error) => {
      if (hasErrno(error, 'EADDRINUSE')) resolve(null);
      else reject(error);
    });
    server.listen({ path, exclusive: true }, () => resolve(server));
  });
}

/** Node unlinks the socket's name when it closes. */
function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

async function unlinkIfThere(path: string): Promise<void> {
  try {
    await unlink(path);
  } catch (error) {
    if (!hasErrno(error, 'ENOENT')) throw error;
  }
}
