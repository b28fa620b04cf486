import type { Context, RowContext } from './context.js';

/** Makes what a lease holds. Whatever that needs is of the context given, which lives as long as the lease does. */
export type Start<T> = (context: Context) => Promise<T>;

/** Processes that rows use one after another, so that they are warm. One set of them is alive at a time. */
export interface Lease {
  /**
   * What is alive under this key, else what `start` makes; what was alive under another key ends first. With `isFresh` it is
   * never what rows before have used.
   */
  take<T>(key: string, start: Start<T>, isFresh?: boolean): Promise<T>;
  /** Ends what is alive. */
  end(): Promise<void>;
}

export function newLease(makeContext: () => RowContext): Lease {
  let held: { readonly key: string; readonly value: unknown; readonly context: RowContext } | null =
    null;
  const end = async (): Promise<void> => {
    const ended = held;
    held = null;
    await ended?.context.end();
  };
  return {
    async take<T>(key: string, start: Start<T>, isFresh = false): Promise<T> {
      if (held?.key === key && !isFresh) return held.value as T;
      await end();
      const context = makeContext();
      try {
        const value = await start(context);
        held = { key, value, context };
        return value;
      } catch (error) {
        await context.end();
        throw error;
      }
    },
    end,
  };
}
