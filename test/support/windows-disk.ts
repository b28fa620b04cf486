import { basename, dirname, join, sep } from 'node:path';
import type { Disk, DiskFile, OpenMode } from '../../engine/disk/disk.js';
import { forwardingFile } from './forwarding-disk.js';

/**
 * A disk that refuses what Windows refuses: a sync of a folder, a rename onto a file that is open,
 * an unlink of one (Node's own may be kinder), a rename of a folder with one in it; and that takes
 * names which differ by case for the same. A process has one of these: what it holds goes with it.
 */
export class WindowsDisk implements Disk {
  readonly #disk: Disk;
  /** Open descriptors by the name that the file has now, in small letters. */
  readonly #open = new Map<string, number>();
  /** How often each thing was refused. */
  readonly refused = { syncDirectory: 0, renameOnto: 0, unlink: 0, renameFolder: 0 };

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  openSync(path: string, mode: OpenMode): DiskFile {
    const file = this.#disk.openSync(this.#named(path), mode);
    this.#names.set(key(path), file.path);
    return this.#held(file);
  }

  async open(path: string, mode: OpenMode): Promise<DiskFile> {
    const file = await this.#disk.open(this.#named(path), mode);
    this.#names.set(key(path), file.path);
    return this.#held(file);
  }

  mkdirSync(path: string): void {
    this.#disk.mkdirSync(this.#named(path));
    this.#names.set(key(path), this.#named(path));
  }

  async mkdir(path: string): Promise<void> {
    await this.#disk.mkdir(this.#named(path));
    this.#names.set(key(path), this.#named(path));
  }

  readdir(path: string): Promise<string[]> {
    return this.#disk.readdir(this.#named(path));
  }

  async stat(path: string): ReturnType<Disk['stat']> {
    const found = await this.#disk.stat(this.#named(path));
    if (found !== null || dirname(path) === path) return found;
    // Made by somebody else, under a name in other letters perhaps.
    const names = await this.readdir(dirname(path)).catch(() => []);
    const same = names.find((name) => key(name) === key(basename(path)));
    if (same === undefined) return null;
    this.#names.set(key(path), join(this.#named(dirname(path)), same));
    return this.#disk.stat(this.#named(path));
  }

  readFile(path: string): Promise<Buffer> {
    return this.#disk.readFile(this.#named(path));
  }

  readFileSync(path: string): Buffer {
    return this.#disk.readFileSync(this.#named(path));
  }

  async rename(from: string, to: string): Promise<void> {
    const [held, aim] = [key(from), key(to)];
    if (held !== aim && this.#open.has(aim)) throw this.#refuse('renameOnto', 'EPERM', to);
    if ([...this.#open.keys()].some((path) => path.startsWith(`${held}${sep}`)))
      throw this.#refuse('renameFolder', 'EPERM', from);
    const source = this.#named(from);
    this.#names.delete(held);
    this.#names.set(aim, to);
    const count = this.#open.get(held);
    // The name moves with the request: from then on the file is held under the new one.
    if (count !== undefined) {
      this.#open.delete(held);
      this.#open.set(aim, count);
      for (const file of this.#files) if (file.at === held) file.at = aim;
    }
    await this.#disk.rename(source, to);
  }

  async link(from: string, to: string): Promise<void> {
    await this.#disk.link(this.#named(from), to);
    this.#names.set(key(to), to);
  }

  async unlink(path: string): Promise<void> {
    if (this.#open.has(key(path))) throw this.#refuse('unlink', 'EBUSY', path);
    await this.#disk.unlink(this.#named(path));
    this.#names.delete(key(path));
  }

  async rmdir(path: string): Promise<void> {
    await this.#disk.rmdir(this.#named(path));
    this.#names.delete(key(path));
  }

  async syncDirectory(path: string): Promise<void> {
    throw this.#refuse('syncDirectory', 'EPERM', path);
  }

  readonly syncFileSystem = undefined;

  space(path: string): ReturnType<Disk['space']> {
    return this.#disk.space(path);
  }

  readonly #files = new Set<{ at: string }>();
  /** Names as they were first written, by what they are in small letters. */
  readonly #names = new Map<string, string>();

  /** The name that the disk below knows, whatever letters it is asked by. */
  #named(path: string): string {
    const known = this.#names.get(key(path));
    if (known !== undefined) return known;
    const above = dirname(path);
    return above === path ? path : `${this.#named(above)}${path.slice(above.length)}`;
  }

  #held(file: DiskFile): DiskFile {
    const held = { at: key(file.path) };
    this.#files.add(held);
    this.#open.set(held.at, (this.#open.get(held.at) ?? 0) + 1);
    return {
      ...forwardingFile(file),
      close: async () => {
        await file.close();
        this.#files.delete(held);
        const left = (this.#open.get(held.at) ?? 1) - 1;
        if (left > 0) this.#open.set(held.at, left);
        else this.#open.delete(held.at);
      },
    };
  }

  #refuse(what: keyof WindowsDisk['refused'], code: string, path: string): Error {
    this.refused[what]++;
    return Object.assign(new Error(`${code}: ${what} refused, '${path}'`), { code });
  }
}

function key(path: string): string {
  return path.toLowerCase();
}
