import type { Random } from '../../engine/random.js';
import { SimContent } from './sim-content.js';

/** A simulated folder: its names as a process sees them, and as the disk has them. */
export class SimFolder {
  readonly id: number;
  readonly entries = new Map<string, SimNode>();
  /** With the order of the change that made each durable; a null node is a durable removal. */
  readonly durable = new Map<string, { node: SimNode | null; order: number }>();

  constructor(id: number) {
    this.id = id;
  }
}

export type SimNode = SimContent | SimFolder;

/**
 * One change of names, whole or not at all, as in a journaling file system: a rename is one change
 * of two names.
 */
interface NameChange {
  readonly order: number;
  readonly entries: readonly {
    readonly folder: SimFolder;
    readonly name: string;
    readonly node: SimNode | null;
  }[];
}

/** An error as Node makes them. */
export function errno(code: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}`), { code });
}

/** The tree of names of a simulated disk, with the changes that no sync has covered. */
export class SimNames {
  root = new SimFolder(1);
  #pending: NameChange[] = [];
  #nextId = 2;
  #nextOrder = 1;

  /** Null where nothing has that name. */
  find(path: string): SimNode | null {
    let node: SimNode | undefined = this.root;
    for (const name of partsOf(path)) {
      if (!(node instanceof SimFolder)) return null;
      node = node.entries.get(name);
      if (!node) return null;
    }
    return node;
  }

  folder(path: string): SimFolder {
    const node = this.find(path);
    if (!node) throw errno('ENOENT', path);
    if (!(node instanceof SimFolder)) throw errno('ENOTDIR', path);
    return node;
  }

  file(path: string): SimContent {
    const node = this.find(path);
    if (!node) throw errno('ENOENT', path);
    if (node instanceof SimFolder) throw errno('EISDIR', path);
    return node;
  }

  createFile(path: string): SimContent {
    const content = new SimContent(this.#nextId++);
    this.#add(path, content);
    return content;
  }

  /** A second name for the file. */
  link(from: string, to: string): void {
    this.#add(to, this.file(from));
  }

  linksOf(content: SimContent): number {
    let count = 0;
    for (const each of this.files()) if (each === content) count++;
    return count;
  }

  createFolder(path: string): void {
    this.#add(path, new SimFolder(this.#nextId++));
  }

  unlink(path: string): void {
    this.file(path);
    const { folder, name } = this.#parent(path);
    this.#change([{ folder, name, node: null }]);
  }

  removeFolder(path: string): void {
    if (this.folder(path).entries.size > 0) throw errno('ENOTEMPTY', path);
    const { folder, name } = this.#parent(path);
    this.#change([{ folder, name, node: null }]);
  }

  rename(from: string, to: string): void {
    const node = this.find(from);
    if (!node) throw errno('ENOENT', from);
    const source = this.#parent(from);
    const target = this.#parent(to);
    const replaced = target.folder.entries.get(target.name);
    if (replaced === node) return;
    if (replaced instanceof SimFolder && !(node instanceof SimFolder)) throw errno('EISDIR', to);
    if (replaced instanceof SimContent && node instanceof SimFolder) throw errno('ENOTDIR', to);
    if (replaced instanceof SimFolder && replaced.entries.size > 0) throw errno('ENOTEMPTY', to);
    this.#change([
      { ...source, node: null },
      { ...target, node },
    ]);
  }

  /**
   * The changes that a sync of this folder, or of the whole disk, takes along when it is submitted.
   */
  pendingChanges(folder: SimFolder | null): readonly NameChange[] {
    if (folder === null) return [...this.#pending];
    return this.#pending.filter(({ entries }) => entries.some((entry) => entry.folder === folder));
  }

  /** That sync succeeded. */
  makeDurable(changes: readonly NameChange[]): void {
    for (const change of changes) applyDurably(change);
    const done = new Set(changes);
    this.#pending = this.#pending.filter((change) => !done.has(change));
  }

  /** Every file with a name. */
  *files(folder = this.root): Iterable<SimContent> {
    for (const node of folder.entries.values()) {
      if (node instanceof SimFolder) yield* this.files(node);
      else yield node;
    }
  }

  /** The names of the same machine, after the process died. */
  copy(): SimNames {
    const copies = new Map<SimNode, SimNode>();
    const copyNode = (node: SimNode): SimNode => {
      let copy = copies.get(node);
      if (copy) return copy;
      if (node instanceof SimContent) {
        copy = node.copy();
        copies.set(node, copy);
        return copy;
      }
      const folder = new SimFolder(node.id);
      copies.set(node, folder);
      for (const [name, entry] of node.entries) folder.entries.set(name, copyNode(entry));
      for (const [name, { node: entry, order }] of node.durable) {
        folder.durable.set(name, { node: entry && copyNode(entry), order });
      }
      return folder;
    };
    const names = new SimNames();
    names.root = copyNode(this.root) as SimFolder;
    names.#nextId = this.#nextId;
    names.#nextOrder = this.#nextOrder;
    names.#pending = this.#pending.map(({ order, entries }) => ({
      order,
      entries: entries.map(({ folder, name, node }) => ({
        folder: copyNode(folder) as SimFolder,
        name,
        node: node && copyNode(node),
      })),
    }));
    return names;
  }

  /**
   * What is left after a power cut: durable names, and each change that was not synced or not; with
   * null, none.
   */
  afterPowerCut(random: Random | null): SimNames {
    const cut = this.copy();
    if (random) for (const change of cut.#pending) if (random.next() < 0.5) applyDurably(change);
    const survivors = new Map<SimNode, SimNode>();
    const survive = (node: SimNode): SimNode => {
      let survivor = survivors.get(node);
      if (survivor) return survivor;
      if (node instanceof SimContent) {
        survivor = node.afterPowerCut(random);
        survivors.set(node, survivor);
        return survivor;
      }
      const folder = new SimFolder(node.id);
      survivors.set(node, folder);
      for (const [name, { node: entry }] of node.durable) {
        if (!entry) continue;
        const kept = survive(entry);
        folder.entries.set(name, kept);
        folder.durable.set(name, { node: kept, order: 0 });
      }
      return folder;
    };
    const names = new SimNames();
    names.root = survive(cut.root) as SimFolder;
    names.#nextId = this.#nextId;
    return names;
  }

  #add(path: string, node: SimNode): void {
    const { folder, name } = this.#parent(path);
    if (folder.entries.has(name)) throw errno('EEXIST', path);
    this.#change([{ folder, name, node }]);
  }

  #change(entries: NameChange['entries']): void {
    for (const { folder, name, node } of entries) {
      if (node) folder.entries.set(name, node);
      else folder.entries.delete(name);
    }
    this.#pending.push({ order: this.#nextOrder++, entries });
  }

  #parent(path: string): { folder: SimFolder; name: string } {
    const parts = partsOf(path);
    const name = parts.pop();
    if (name === undefined) throw errno('EBUSY', path);
    return { folder: this.folder(`/${parts.join('/')}`), name };
  }
}

function applyDurably({ order, entries }: NameChange): void {
  for (const { folder, name, node } of entries) {
    const known = folder.durable.get(name);
    if (!known || known.order < order) folder.durable.set(name, { node, order });
  }
}

function partsOf(path: string): string[] {
  if (!path.startsWith('/')) throw errno('EINVAL', `${path} is not absolute`);
  return path.split('/').filter((part) => part !== '');
}
