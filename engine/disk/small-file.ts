import { dirname } from 'node:path';
import { assert } from '../assert.js';
import { crc32c } from '../batch/crc32c.js';
import type { Disk } from './disk.js';
import { hasErrno } from './errno.js';

/**
 * The content of a small file, or why it has none. `damaged` is a result, not an error: the file's
 * owner decides what it means.
 */
export type SmallFile =
  | { readonly kind: 'ok'; readonly values: ReadonlyMap<string, string> }
  | { readonly kind: 'missing' }
  | { readonly kind: 'damaged' };

/**
 * The name under which a small file is written before it takes its place. May be left over after a
 * crash; means nothing then.
 */
export function temporaryPath(path: string): string {
  return `${path}.tmp`;
}

const KEY = /^[a-z][a-z0-9.]*$/;
const LINE = /^([a-z][a-z0-9.]*)=(.*)$/;
const CHECKSUM_LINE = /crc32c=([0-9a-f]{8})\n$/;

/**
 * Writes a small text file whole: `key=value` lines in the order given, then `crc32c=` and the
 * checksum of the lines' UTF-8 bytes in hex. When it resolves the new content is durable under its
 * name; after a crash there is the old content or the new one. One writer at a time for each path.
 */
export async function writeSmallFile(
  disk: Disk,
  path: string,
  lines: Iterable<readonly [key: string, value: string]>,
): Promise<void> {
  let text = '';
  for (const [key, value] of lines) {
    assert(KEY.test(key) && key !== 'crc32c', 'a key has lower-case letters, digits and dots');
    assert(!value.includes('\n'), 'a value is one line');
    text += `${key}=${value}\n`;
  }
  const body = Buffer.from(text);
  const checksum = Buffer.from(`crc32c=${hex(crc32c(body))}\n`);
  const file = await disk.open(temporaryPath(path), 'append');
  try {
    await file.truncate(0);
    await file.writev([body, checksum], 0);
    await file.datasync();
  } finally {
    await file.close();
  }
  await disk.rename(temporaryPath(path), path);
  await disk.syncDirectory(dirname(path));
}

/** Reads what `writeSmallFile` wrote. Throws what the disk throws, except for a missing file. */
export async function readSmallFile(disk: Disk, path: string): Promise<SmallFile> {
  let bytes: Buffer;
  try {
    bytes = await disk.readFile(path);
  } catch (error) {
    if (hasErrno(error, 'ENOENT')) return { kind: 'missing' };
    throw error;
  }
  const checksum = CHECKSUM_LINE.exec(bytes.toString('latin1'));
  if (!checksum) return { kind: 'damaged' };
  const body = bytes.subarray(0, checksum.index);
  if (hex(crc32c(body)) !== checksum[1]) return { kind: 'damaged' };
  const values = new Map<string, string>();
  for (const line of body.toString('utf8').split('\n').slice(0, -1)) {
    const match = LINE.exec(line);
    if (!match) return { kind: 'damaged' };
    values.set(match[1]!, match[2]!);
  }
  return { kind: 'ok', values };
}

function hex(checksum: number): string {
  return checksum.toString(16).padStart(8, '0');
}
