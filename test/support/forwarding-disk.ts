import type { Disk, DiskFile } from '../../engine/disk/disk.js';
import type { SimDisk } from './sim-disk.js';

/** A disk that passes everything on, for a test to replace parts of. */
export function forwarding(disk: SimDisk): Disk {
  return {
    openSync: (path, mode) => disk.openSync(path, mode),
    open: (path, mode) => disk.open(path, mode),
    mkdirSync: (path) => disk.mkdirSync(path),
    mkdir: (path) => disk.mkdir(path),
    readdir: (path) => disk.readdir(path),
    stat: (path) => disk.stat(path),
    readFile: (path) => disk.readFile(path),
    readFileSync: (path) => disk.readFileSync(path),
    rename: (from, to) => disk.rename(from, to),
    link: (from, to) => disk.link(from, to),
    unlink: (path) => disk.unlink(path),
    rmdir: (path) => disk.rmdir(path),
    syncDirectory: (path) => disk.syncDirectory(path),
    syncFileSystem: disk.syncFileSystem,
    space: (path) => disk.space(path),
  };
}

/** As `forwarding`, for an open file. */
export function forwardingFile(file: DiskFile): DiskFile {
  return {
    path: file.path,
    fd: file.fd,
    size: () => file.size(),
    links: () => file.links(),
    writevSync: (buffers, position) => file.writevSync(buffers, position),
    writev: (buffers, position) => file.writev(buffers, position),
    readSync: (into, position) => file.readSync(into, position),
    read: (into, position) => file.read(into, position),
    truncateSync: (size) => file.truncateSync(size),
    truncate: (size) => file.truncate(size),
    datasync: () => file.datasync(),
    close: () => file.close(),
  };
}
