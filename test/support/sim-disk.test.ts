import { describe, expect, it } from 'vitest';
import type { DiskFile } from '../../engine/disk/disk.js';
import { seededRandom } from '../../engine/random.js';
import { SIM_PAGE_BYTES } from './sim-content.js';
import { SimDisk } from './sim-disk.js';

const bytes = (text: string): Buffer => Buffer.from(text);
const textOf = (disk: SimDisk, path: string): string => disk.readFileSync(path).toString('latin1');

/** A file with a durable name and durable content. */
async function durableFile(disk: SimDisk, path: string, text: string): Promise<DiskFile> {
  const file = disk.openSync(path, 'create');
  file.writevSync([bytes(text)], 0);
  await file.datasync();
  await disk.syncDirectory('/');
  return file;
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

describe('a power cut', () => {
  it('in strict mode loses exactly what was not synced', async () => {
    const disk = new SimDisk();
    const file = await durableFile(disk, '/a', 'durable');
    file.writevSync([bytes('VOLATILE and longer')], 0);
    disk.openSync('/b', 'create');
    const after = disk.powerCut('strict');
    expect(textOf(after, '/a')).toBe('durable');
    expect(await after.readdir('/')).toEqual(['a']);
    expect(textOf(disk, '/a')).toBe('VOLATILE and longer');
  });

  it('loses a synced file whose name was not synced, and the bytes of a synced name', async () => {
    const disk = new SimDisk();
    const nameless = disk.openSync('/nameless', 'create');
    nameless.writevSync([bytes('x')], 0);
    await nameless.datasync();
    expect(await disk.powerCut('strict').stat('/nameless')).toBeNull();
    const empty = disk.openSync('/empty', 'create');
    await disk.syncDirectory('/');
    empty.writevSync([bytes('x')], 0);
    expect(textOf(disk.powerCut('strict'), '/empty')).toBe('');
  });

  it('loses a folder whose own name was not synced, with all in it', async () => {
    const disk = new SimDisk();
    disk.mkdirSync('/d');
    disk.openSync('/d/a', 'create');
    await disk.syncDirectory('/d');
    expect(await disk.powerCut('strict').readdir('/')).toEqual([]);
    await disk.syncDirectory('/');
    expect(await disk.powerCut('strict').readdir('/d')).toEqual(['a']);
  });

  it('brings back names whose removal or renaming was not synced', async () => {
    const disk = new SimDisk();
    await durableFile(disk, '/a', 'A');
    await durableFile(disk, '/b', 'B');
    await disk.rename('/a', '/b');
    expect(textOf(disk, '/b')).toBe('A');
    expect(textOf(disk.powerCut('strict'), '/a')).toBe('A');
    expect(textOf(disk.powerCut('strict'), '/b')).toBe('B');
    await disk.syncDirectory('/');
    expect(await disk.powerCut('strict').readdir('/')).toEqual(['b']);
    await disk.unlink('/b');
    expect(textOf(disk.powerCut('strict'), '/b')).toBe('A');
  });

  it('keeps or loses each page, size and name on its own, and renames whole', async () => {
    const outcomes = new Set<string>();
    for (let seed = 1; seed <= 200; seed++) {
      const disk = new SimDisk();
      const file = await durableFile(disk, '/a', 'o'.repeat(2 * SIM_PAGE_BYTES));
      file.writevSync([Buffer.alloc(2 * SIM_PAGE_BYTES, 'n')], 0);
      await disk.rename('/a', '/b');
      const after = disk.powerCut(seededRandom(seed));
      const names = await after.readdir('/');
      expect(names).toHaveLength(1);
      const content = textOf(after, `/${names[0]}`);
      expect(content).toHaveLength(2 * SIM_PAGE_BYTES);
      for (const page of [content.slice(0, SIM_PAGE_BYTES), content.slice(SIM_PAGE_BYTES)]) {
        expect(['o', 'n'].map((letter) => letter.repeat(SIM_PAGE_BYTES))).toContain(page);
      }
      outcomes.add(`${names[0]}${content[0]}${content.at(-1)}`);
    }
    expect([...outcomes].sort()).toEqual(['ann', 'ano', 'aon', 'aoo', 'bnn', 'bno', 'bon', 'boo']);
  });

  it('may leave a file grown on any byte, with zeros where a page is missing', async () => {
    const sizes = new Set<number>();
    let holes = 0;
    for (let seed = 1; seed <= 100; seed++) {
      const disk = new SimDisk();
      const file = await durableFile(disk, '/a', 'start');
      file.writevSync([Buffer.alloc(3 * SIM_PAGE_BYTES, 'x')], 5);
      const content = textOf(disk.powerCut(seededRandom(seed)), '/a');
      sizes.add(content.length);
      expect(content).toMatch(/^start[x\0]*$/);
      const hole = content.indexOf('\0');
      if (hole >= 0 && content.lastIndexOf('x') > hole) holes++;
    }
    expect(sizes).toContain(5);
    expect(sizes).toContain(5 + 3 * SIM_PAGE_BYTES);
    expect(sizes.size).toBeGreaterThan(10);
    expect(holes).toBeGreaterThan(0);
  });

  it('gives the same disk for the same seed', async () => {
    const disk = new SimDisk();
    const file = await durableFile(disk, '/a', 'start');
    file.writevSync([Buffer.alloc(9 * SIM_PAGE_BYTES, 'x')], 0);
    const cuts = [1, 2].map(() => textOf(disk.powerCut(seededRandom(5)), '/a'));
    expect(cuts[0]).toBe(cuts[1]);
  });

  it('leaves a disk that survives the next one unchanged', async () => {
    const disk = new SimDisk();
    const file = await durableFile(disk, '/a', 'start');
    file.writevSync([Buffer.alloc(9 * SIM_PAGE_BYTES, 'x')], 0);
    const once = disk.powerCut(seededRandom(3));
    expect(textOf(once.powerCut('strict'), '/a')).toBe(textOf(once, '/a'));
    const reopened = once.openSync('/a', 'write');
    reopened.writevSync([bytes('again')], 0);
    await reopened.datasync();
    expect(textOf(once.powerCut('strict'), '/a').slice(0, 5)).toBe('again');
  });
});

describe('a kill', () => {
  it('keeps the page cache, but not what had not run', async () => {
    const disk = new SimDisk();
    const file = await durableFile(disk, '/a', 'durable');
    file.writevSync([bytes('VOLATILE')], 0);
    disk.hold();
    const lost = file.writev([bytes('queued')], 0);
    const next = disk.kill();
    disk.halt();
    expect(textOf(next, '/a')).toBe('VOLATILE');
    expect(textOf(next.powerCut('strict'), '/a')).toBe('durable');
    expect(() => disk.openSync('/a', 'read')).toThrow('EIO');
    let settled = false;
    void lost.finally(() => {
      settled = true;
    });
    disk.release();
    await turn();
    expect(settled).toBe(false);
  });

  it('leaves two disks that do not touch each other', async () => {
    const disk = new SimDisk();
    const file = await durableFile(disk, '/a', 'one');
    const next = disk.kill();
    file.writevSync([bytes('old')], 0);
    next.openSync('/a', 'write').writevSync([bytes('new')], 0);
    expect([textOf(disk, '/a'), textOf(next, '/a')]).toEqual(['old', 'new']);
  });
});

describe('a sync', () => {
  it('saves what was there when it was submitted, not what came later', async () => {
    const disk = new SimDisk();
    const file = await durableFile(disk, '/a', 'aaaa');
    for (const sync of [() => file.datasync(), () => disk.syncFileSystem!('/')]) {
      file.writevSync([bytes('bbbb')], 0);
      disk.hold();
      const synced = sync();
      file.writevSync([bytes('cccc')], 0);
      disk.release();
      await synced;
      expect(textOf(disk.powerCut('strict'), '/a')).toBe('bbbb');
    }
  });

  it('that was submitted earlier and ends later takes nothing back', async () => {
    const disk = new SimDisk();
    const file = await durableFile(disk, '/a', 'aaaa');
    disk.hold();
    file.writevSync([bytes('bbbb')], 0);
    const early = file.datasync();
    file.writevSync([bytes('cccc')], 0);
    const late = file.datasync();
    disk.pending[1]!.run();
    await late;
    disk.release();
    await early;
    expect(textOf(disk.powerCut('strict'), '/a')).toBe('cccc');
  });

  it('of a descriptor that was closed and reused syncs the other file and says ok', async () => {
    const disk = new SimDisk();
    const meant = await durableFile(disk, '/meant', '');
    const hit = disk.openSync('/hit', 'create');
    await hit.close();
    meant.writevSync([bytes('lost')], 0);
    disk.hold();
    const synced = meant.datasync();
    const closed = meant.close();
    disk.pending[1]!.run();
    await closed;
    disk.openSync('/hit', 'write').writevSync([bytes('saved')], 0);
    disk.release();
    await synced;
    expect(disk.journal.at(-1)).toMatchObject({ kind: 'datasync', path: '/hit' });
    expect(textOf(disk.powerCut('strict'), '/meant')).toBe('');
  });

  it('that failed loses the bytes for good, although the next one says ok', async () => {
    const disk = new SimDisk();
    const file = await durableFile(disk, '/a', 'aaaa');
    for (const op of ['datasync', 'syncFileSystem'] as const) {
      file.writevSync([bytes('bbbb')], 0);
      disk.failNext({ op, code: 'EIO' });
      const failing = op === 'datasync' ? file.datasync() : disk.syncFileSystem!('/');
      await expect(failing).rejects.toMatchObject({ code: 'EIO' });
      await file.datasync();
      expect(textOf(disk, '/a')).toBe('bbbb');
      expect(textOf(disk.powerCut('strict'), '/a')).toBe('aaaa');
    }
    file.writevSync([bytes('b')], 0);
    await file.datasync();
    expect(textOf(disk.powerCut('strict'), '/a')).toBe('bbbb');
  });

  it('of the file system saves all bytes and all names', async () => {
    const disk = new SimDisk();
    disk.mkdirSync('/d');
    for (const path of ['/a', '/d/b']) disk.openSync(path, 'create').writevSync([bytes('x')], 0);
    await disk.syncFileSystem!('/');
    const after = disk.powerCut('strict');
    expect([textOf(after, '/a'), textOf(after, '/d/b')]).toEqual(['x', 'x']);
    expect(new SimDisk({ syncFileSystem: false }).syncFileSystem).toBeUndefined();
  });
});

describe('the journal', () => {
  it('tells each event in order, with submission and outcome of what is asynchronous', async () => {
    const disk = new SimDisk();
    const file = disk.openSync('/a', 'create');
    file.writevSync([bytes('abc'), bytes('d')], 0);
    await file.datasync();
    disk.mark('answered');
    const [opened] = disk.journal;
    const rest = { path: '/a', file: opened!.file };
    expect(disk.journal).toEqual([
      { sequence: 0, kind: 'openSync', phase: 'completed', submitted: 0, ...rest },
      {
        sequence: 1,
        kind: 'writevSync',
        phase: 'completed',
        submitted: 1,
        position: 0,
        size: 4,
        ...rest,
      },
      { sequence: 2, kind: 'datasync', phase: 'submitted', submitted: 2, ...rest },
      { sequence: 3, kind: 'datasync', phase: 'completed', submitted: 2, ...rest },
      { sequence: 4, kind: 'mark', phase: 'completed', submitted: 4, path: 'answered' },
    ]);
  });

  it('knows whether a write was synced before an answer', async () => {
    const disk = new SimDisk();
    const [a, b] = ['/a', '/b'].map((path) => disk.openSync(path, 'create'));
    const write = (file: DiskFile) => {
      file.writevSync([bytes('x')], 0);
      return disk.journal.at(-1)!;
    };
    const unsynced = write(a!);
    await b!.datasync();
    expect(disk.wasSyncedBy(unsynced, disk.mark('another file was synced'))).toBe(false);

    disk.hold();
    const early = a!.datasync();
    const late = write(a!);
    disk.release();
    await early;
    const answered = disk.mark('answered');
    expect(disk.wasSyncedBy(unsynced, answered)).toBe(true);
    expect(disk.wasSyncedBy(late, answered)).toBe(false);

    disk.failNext({ op: 'datasync', code: 'EIO' });
    await a!.datasync().catch(() => {});
    expect(disk.wasSyncedBy(late, disk.mark('a failed sync'))).toBe(false);
    await disk.syncFileSystem!('/');
    expect(disk.wasSyncedBy(late, disk.mark('a sync of everything'))).toBe(true);
    expect(disk.wasSyncedBy(late, answered)).toBe(false);
  });

  it('knows whether a name was synced before an answer', async () => {
    const disk = new SimDisk();
    disk.mkdirSync('/d');
    disk.openSync('/d/a', 'create');
    const created = disk.journal.at(-1)!;
    await disk.syncDirectory('/');
    expect(disk.wasNameSyncedBy(created, disk.mark('the wrong folder'))).toBe(false);
    await disk.syncDirectory('/d');
    expect(disk.wasNameSyncedBy(created, disk.mark('the right folder'))).toBe(true);
  });
});

describe('faults', () => {
  it('hit the operation, the path and the turn that the rule names, once', async () => {
    const disk = new SimDisk();
    const [a, b] = ['/a', '/b'].map((path) => disk.openSync(path, 'create'));
    disk.failNext({ op: 'datasync', path: /b$/, code: 'EIO', after: 1 });
    await a!.datasync();
    await a!.datasync();
    await b!.datasync();
    await expect(b!.datasync()).rejects.toMatchObject({ code: 'EIO' });
    await b!.datasync();
    disk.failNext({ op: ['writev', 'openSync'], code: 'EMFILE' });
    a!.writevSync([bytes('x')], 0);
    expect(() => disk.openSync('/a', 'read')).toThrow('EMFILE');
  });

  it('can let a part of a write through', async () => {
    const disk = new SimDisk();
    const file = disk.openSync('/a', 'create');
    disk.failNext({ op: 'writevSync', code: 'EIO', short: 3 });
    expect(() => file.writevSync([bytes('ab'), bytes('cd')], 0)).toThrow('EIO');
    expect(textOf(disk, '/a')).toBe('abc');
    disk.failNext({ op: 'writev', code: 'EIO' });
    await expect(file.writev([bytes('xyz')], 0)).rejects.toMatchObject({ code: 'EIO' });
    expect(textOf(disk, '/a')).toBe('abc');
  });

  it('include a full disk, that takes what fits and has room again after a removal', async () => {
    const disk = new SimDisk({ capacity: 10 });
    const file = disk.openSync('/a', 'create');
    file.writevSync([bytes('12345678')], 0);
    expect(await disk.space('/')).toEqual({ totalBytes: 10, freeBytes: 2 });
    expect(() => file.writevSync([bytes('abcd')], 7)).toThrow('ENOSPC');
    expect(textOf(disk, '/a')).toBe('1234567abc');
    file.writevSync([bytes('0123456789')], 0);
    file.truncateSync(4);
    disk.openSync('/b', 'create').writevSync([bytes('123456')], 0);
    await disk.unlink('/a');
    expect(await disk.space('/')).toEqual({ totalBytes: 10, freeBytes: 0 });
    await file.close();
    expect(await disk.space('/')).toEqual({ totalBytes: 10, freeBytes: 4 });
  });
});

describe('asynchronous operations', () => {
  it('run in order of submission unless told otherwise', async () => {
    const disk = new SimDisk();
    const file = disk.openSync('/a', 'create');
    await Promise.all(['1', '2', '3'].map((text) => file.writev([bytes(text)], 0)));
    expect(textOf(disk, '/a')).toBe('3');
  });

  it('run in any order with a random queue, the same for the same seed', async () => {
    const run = async (seed: number): Promise<string> => {
      const disk = new SimDisk({ random: seededRandom(seed) });
      const file = disk.openSync('/a', 'create');
      await Promise.all(['1', '2', '3'].map((text) => file.writev([bytes(text)], 0)));
      return textOf(disk, '/a');
    };
    const results = await Promise.all(Array.from({ length: 30 }, (_, seed) => run(seed)));
    expect(new Set(results)).toEqual(new Set(['1', '2', '3']));
    expect(await run(4)).toBe(results[4]);
  });

  it('wait while held, and run when and in what order the test says', async () => {
    const disk = new SimDisk();
    const file = disk.openSync('/a', 'create');
    disk.hold();
    const done: string[] = [];
    const writes = ['1', '2'].map(async (text) => {
      await file.writev([bytes(text)], 0);
      done.push(text);
    });
    await turn();
    expect(done).toEqual([]);
    expect(disk.pending.map(({ kind, path }) => `${kind} ${path}`)).toEqual([
      'writev /a',
      'writev /a',
    ]);
    disk.pending[1]!.run();
    await writes[1];
    expect(done).toEqual(['2']);
    disk.release();
    await Promise.all(writes);
    expect(textOf(disk, '/a')).toBe('1');
  });

  it('reuse the lowest descriptor number', async () => {
    const disk = new SimDisk();
    const first = disk.openSync('/a', 'create');
    disk.openSync('/b', 'create');
    await first.close();
    disk.openSync('/c', 'create').writevSync([bytes('c')], 0);
    first.writevSync([bytes('wrong file')], 0);
    expect(textOf(disk, '/c')).toBe('wrong file');
    expect(disk.openCount).toBe(2);
  });
});
