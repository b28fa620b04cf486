import type { DiskFile } from './disk.js';

/** The descriptors of one path that are on their way out. */
export class ClosingDescriptors {
  /** Closes that are running; few overlap. */
  readonly #running = new Set<Promise<void>>();
  /** Of files that had the path before: open for as long as anything pins the file. */
  #outlived: DiskFile[] | null = null;

  /** Closes a descriptor that nothing holds; resolves when it is closed. */
  close(descriptor: DiskFile): Promise<void> {
    const closing = descriptor.close();
    this.#running.add(closing);
    const done = (): void => void this.#running.delete(closing);
    closing.then(done, done);
    return closing;
  }

  /** The descriptor stays open until `unpinned`. */
  keep(descriptor: DiskFile): void {
    this.#outlived ??= [];
    this.#outlived.push(descriptor);
  }

  /** Nothing holds a descriptor any more. */
  unpinned(): void {
    const outlived = this.#outlived;
    if (outlived === null) return;
    this.#outlived = null;
    for (const descriptor of outlived) void this.close(descriptor);
  }

  /** Resolves when the closes that are running have ended; rejects with what one answered. */
  async settled(): Promise<void> {
    await Promise.all(this.#running);
  }
}
