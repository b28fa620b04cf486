import type { Lease, RowContext, Start } from './context.js';

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
