import { readdir, readFile, readlink } from 'node:fs/promises';

/** Listening, as /proc/net/tcp writes it. */
const STATE_LISTEN = '0A';

/**
 * The process that listens on a TCP port of this machine, for an error message. Null where it is
 * unknown: not on Linux, or the process belongs to another user.
 */
export async function portOwner(port: number): Promise<number | null> {
  if (process.platform !== 'linux') return null;
  try {
    const inodes = new Set<string>();
    for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
      const text = await readFile(table, 'latin1').catch(() => '');
      for (const inode of listeningInodes(text, port)) inodes.add(`socket:[${inode}]`);
    }
    return inodes.size === 0 ? null : await holderOf(inodes);
  } catch {
    return null;
  }
}

/** Inodes of the sockets that listen on `port`, from the text of a table such as /proc/net/tcp. */
export function listeningInodes(table: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const inodes: string[] = [];
  for (const line of table.split('\n').slice(1)) {
    // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …
    const fields = line.trim().split(/\s+/);
    const [, local, , state] = fields;
    const inode = fields[9];
    if (local?.endsWith(suffix) && state === STATE_LISTEN && inode) inodes.push(inode);
  }
  return inodes;
}

async function holderOf(links: ReadonlySet<string>): Promise<number | null> {
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const folder = `/proc/${pid}/fd`;
    for (const fd of await readdir(folder).catch(() => [])) {
      const link = await readlink(`${folder}/${fd}`).catch(() => '');
      if (links.has(link)) return Number(pid);
    }
  }
  return null;
}
