/** How a broker is stopped. */
export interface CloseOptions {
  /** What the requests that were received have to be answered in. */
  readonly drainMs: number;
}

/** A room that is open. */
export interface OpenRoom<Part> {
  /** What the rooms behind it are given. */
  readonly part: Part;
  /** What must be closed if it fails. Resolves when the part does what it is there for. */
  start?(): Promise<void>;
  /** Called once, when every room behind it is closed. */
  close?(options: CloseOptions): unknown;
}

/** One part of a broker: `open` is given the parts of the rooms in front of it, by their names. */
export interface Room<in Parts, out Name extends string, out Part> {
  readonly name: Name;
  readonly open: (parts: Parts) => OpenRoom<Part> | Promise<OpenRoom<Part>>;
}

/** Declares a room. */
export function room<Parts, const Name extends string, Part>(
  name: Name,
  open: Room<Parts, Name, Part>['open'],
): Room<Parts, Name, Part> {
  return { name, open };
}

/** A list of rooms that is open. */
export interface OpenRooms<Parts> {
  readonly parts: Parts;
  /**
   * Closes the rooms, the last one first. A failure does not keep the others open; the promise
   * rejects with the first one when all are closed. Another call returns the same promise.
   */
  close(options: CloseOptions): Promise<void>;
}

/**
 * A list of rooms. `Ground` is what the first one is opened with, `Parts` the ground and what all
 * of them give; a room fits behind those that give what it asks for.
 */
export class Rooms<in Ground, out Parts> {
  readonly #rooms: readonly Room<never, string, unknown>[];

  private constructor(rooms: readonly Room<never, string, unknown>[]) {
    this.#rooms = rooms;
  }

  /** The list that has no room yet. */
  static on<Ground>(): Rooms<Ground, Ground> {
    return new Rooms([]);
  }

  /** The list with one more room at its end. */
  and<Name extends string, Part>(
    next: Room<Parts, Name, Part>,
  ): Rooms<Ground, Parts & { readonly [N in Name]: Part }> {
    return new Rooms([...this.#rooms, next]);
  }

  /** The list with the rooms of another one at its end. */
  all<More>(next: Rooms<Parts, More>): Rooms<Ground, Parts & More> {
    return new Rooms([...this.#rooms, ...next.#rooms]);
  }

  /**
   * Opens the rooms in their order. When one fails, those that are open are closed without a drain,
   * and the promise rejects with its failure.
   */
  async open(ground: Ground): Promise<OpenRooms<Parts>> {
    const parts = { ...ground } as Record<string, unknown>;
    const open: OpenRoom<unknown>[] = [];
    try {
      for (const { name, open: openNext } of this.#rooms) {
        // `and` has seen to it that the parts are those which the room asks for.
        const opening = openNext(parts as never);
        const opened = opening instanceof Promise ? await opening : opening;
        parts[name] = opened.part;
        open.push(opened);
        if (opened.start !== undefined) await opened.start();
      }
    } catch (error) {
      // The first failure is the one to tell.
      await closeAll(open, { drainMs: 0 }).catch(() => {});
      throw error;
    }
    let closing: Promise<void> | undefined;
    return {
      parts: parts as Parts,
      close: (options) => {
        closing ??= closeAll(open, options);
        return closing;
      },
    };
  }
}

async function closeAll(open: OpenRoom<unknown>[], options: CloseOptions): Promise<void> {
  const failures: unknown[] = [];
  for (let last = open.pop(); last !== undefined; last = open.pop()) {
    try {
      await last.close?.(options);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}
