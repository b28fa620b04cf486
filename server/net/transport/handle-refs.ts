/** A handle of Node that keeps the process alive, or does not. */
export interface RefHandle {
  ref(): unknown;
  unref(): unknown;
}

/** The handles of one broker: whether they keep the process alive is decided for all of them. */
export class HandleRefs {
  readonly #handles = new Set<RefHandle>();
  #keepsAlive = true;

  /** Takes in a handle, until `delete`. */
  add(handle: RefHandle): void {
    this.#handles.add(handle);
    if (!this.#keepsAlive) handle.unref();
  }

  delete(handle: RefHandle): void {
    this.#handles.delete(handle);
  }

  /** The handles keep the process alive from now on. */
  ref(): void {
    this.#keepsAlive = true;
    for (const handle of this.#handles) handle.ref();
  }

  /** The handles do not keep the process alive from now on. */
  unref(): void {
    this.#keepsAlive = false;
    for (const handle of this.#handles) handle.unref();
  }
}
