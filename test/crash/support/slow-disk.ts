import type { Disk, DiskFile } from '../../../engine/disk/disk.js';
import { forwarding, forwardingFile } from '../../support/forwarding-disk.js';
import type { SimWorld } from '../../support/sim-engine.js';

/**
 * A world's disk, of which single writes to segments take as long as the test says, by the world's
 * clock.
 */
export function slowDisk(world: SimWorld): {
  readonly disk: Disk;
  /** The next write, synchronous or not, takes so long. */
  nextWriteTakes(ms: number): void;
} {
  let nextMs = 0;
  const pass = (): void => {
    const ms = nextMs;
    nextMs = 0;
    world.clock.advance(ms);
  };
  const slow = (file: DiskFile): DiskFile =>
    file.path.endsWith('.log')
      ? {
          ...forwardingFile(file),
          writevSync: (buffers, position) => {
            pass();
            file.writevSync(buffers, position);
          },
          writev: (buffers, position) => {
            pass();
            return file.writev(buffers, position);
          },
        }
      : file;
  return {
    disk: {
      ...forwarding(world.disk),
      openSync: (path, mode) => slow(world.disk.openSync(path, mode)),
      open: async (path, mode) => slow(await world.disk.open(path, mode)),
    },
    nextWriteTakes: (ms) => {
      nextMs = ms;
    },
  };
}
