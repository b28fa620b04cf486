/** How a broker is stopped. */
export interface CloseOptions {
  /** The time within which the received requests must be answered. */
  readonly drainMs: number;
}

/** A room that is open. */
export interface OpenRoom<Part> {
  /** The part that the rooms behind it get. */
  readonly part: Part;
  /** Starts the part; the room must be closed if that fails. Resolves when the part works. */
  start?(): Promise<void>;
  /** Called once, when every room behind it is closed. */
  close?(options: CloseOptions): unknown;
}

/** One room of a broker: `open` gets the parts of the rooms in front of it, by their names. */
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
 * A list of rooms. The first room is opened with `Ground`; `Parts` is the ground and the parts of
 * all rooms. A room fits behind the rooms that give the parts that it needs.
 */
export class Rooms<in Ground, out Parts> {
  readonly #rooms: readonly Room<never, string, unknown>[];

  private constructor(rooms: readonly Room<never, string, unknown>[]) {
    this.#rooms = rooms;
  }

  /** The list without rooms. */
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
   * Opens the rooms in their order. When one fails, the open ones are closed without a drain, and
   * the promise rejects with its failure.
   */
  async open(ground: Ground): Promise<OpenRooms<Parts>> {
    const parts = { ...ground } as Record<string, unknown>;
    const open: OpenRoom<unknown>[] = [];
    try {
      for (const { name, open: openNext } of this.#rooms) {
        // `and` has checked that the parts are those that the room needs.
        const opening = openNext(parts as never);
        const opened = opening instanceof Promise ? await opening : opening;
        parts[name] = opened.part;
        open.push(opened);
        if (opened.start !== undefined) await opened.start();
      }
    } catch (error) {
      // The first failure is the one to report.
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
