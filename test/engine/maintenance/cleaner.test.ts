import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../../engine/index.js';
import {
  Cleaner,
  type CompactedLog,
  DEFAULT_COMPACTION,
  resolveCompaction,
} from '../../../engine/maintenance/cleaner.js';

/** A log that needs a number of passes, each of which ends when the test says so. */
class FakeLog implements CompactedLog {
  readonly name: string;
  readonly need: number;
  passes: number;
  readonly #order: string[];
  end: (gotFurther: boolean) => void = () => {};

  constructor(name: string, need: number, passes: number, order: string[]) {
    this.name = name;
    this.need = need;
    this.passes = passes;
    this.#order = order;
  }

  async compactionNeed(): Promise<number | null> {
    return this.passes > 0 ? this.need : null;
  }

  compactOnce(): Promise<boolean> {
    this.#order.push(this.name);
    return new Promise((resolve) => {
      this.end = (gotFurther) => {
        this.passes--;
        resolve(gotFurther);
      };
    });
  }
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

function cleaning(options: Partial<typeof DEFAULT_COMPACTION> = {}) {
  const clock = new ManualClock();
  const cleaner = new Cleaner(clock, { ...DEFAULT_COMPACTION, ...options });
  const order: string[] = [];
  const log = (name: string, need: number, passes: number): FakeLog => {
    const made = new FakeLog(name, need, passes, order);
    cleaner.watch(made);
    return made;
  };
  return { clock, cleaner, order, log };
}

test('the dirtiest log goes first, one at a time, each until nothing is left', async () => {
  const { clock, order, log } = cleaning();
  const little = log('little', 0.6, 1);
  const much = log('much', 0.9, 2);
  clock.advance(14_999);
  expect(order).toEqual([]);
  clock.advance(1);
  await turn();
  expect(order).toEqual(['much']);
  much.end(true);
  await turn();
  much.end(true);
  await turn();
  expect(order).toEqual(['much', 'much', 'little']);
  little.end(true);
  await turn();
});

test('one that gets no further waits for the next round', async () => {
  const { clock, order, log } = cleaning();
  const stuck = log('stuck', 1, 5);
  clock.advance(15_000);
  await turn();
  stuck.end(false);
  await turn();
  expect(order).toEqual(['stuck']);
  clock.advance(15_000);
  await turn();
  expect(order).toEqual(['stuck', 'stuck']);
  stuck.end(false);
  await turn();
});

test('thousands of logs are asked for their need once or twice a round, not before each compaction', async () => {
  const { clock, cleaner } = cleaning();
  const logs = 2000;
  let asked = 0;
  let compacted = 0;
  for (let at = 0; at < logs; at++) {
    let isDirty = true;
    cleaner.watch({
      compactionNeed: async () => {
        asked++;
        return isDirty ? 1 : null;
      },
      compactOnce: async () => {
        compacted++;
        isDirty = false;
        return true;
      },
    });
  }
  clock.advance(15_000);
  while (compacted < logs) await turn();
  await cleaner.stop();
  expect(asked).toBeLessThanOrEqual(3 * logs);
});

test('as many logs at a time as there are threads, and none without', async () => {
  const two = cleaning({ threads: 2 });
  for (const name of ['a', 'b', 'c']) two.log(name, 1, 1);
  two.clock.advance(15_000);
  await turn();
  expect(two.order).toHaveLength(2);

  for (const options of [{ threads: 0 }, { enabled: false }]) {
    const none = cleaning(options);
    none.log('a', 1, 1);
    none.clock.advance(60_000);
    await turn();
    expect(none.order).toEqual([]);
  }
});

test('after a stop nothing begins, and it resolves when what ran has ended', async () => {
  const { clock, cleaner, order, log } = cleaning();
  const first = log('first', 1, 1);
  log('second', 0.5, 1);
  clock.advance(15_000);
  await turn();
  let isStopped = false;
  const stopping = cleaner.stop().then(() => {
    isStopped = true;
  });
  await turn();
  expect(isStopped).toBe(false);
  first.end(true);
  await stopping;
  clock.advance(60_000);
  expect(order).toEqual(['first']);
});

test('work asked for by hand takes its turn', async () => {
  const { cleaner } = cleaning();
  const order: string[] = [];
  let endFirst = (): void => {};
  const first = cleaner.admit(async () => {
    order.push('first');
    await new Promise<void>((resolve) => {
      endFirst = resolve;
    });
  });
  const second = cleaner.admit(async () => void order.push('second'));
  await turn();
  expect(order).toEqual(['first']);
  endFirst();
  await Promise.all([first, second]);
  expect(order).toEqual(['first', 'second']);
});

describe('options', () => {
  test.each([
    [{ threads: -1 }, 'threads'],
    [{ threads: 1.5 }, 'threads'],
    [{ mapBytes: 1000 }, 'mapBytes'],
    [{ threads: 4, mapBytes: 3 * 1024 * 1024 }, 'mapBytes'],
    [{ loadFactor: 0 }, 'loadFactor'],
    [{ loadFactor: 1.1 }, 'loadFactor'],
    [{ bytesPerSecond: 0 }, 'bytesPerSecond'],
    [{ bytesPerSecond: Number.NaN }, 'bytesPerSecond'],
    [{ backoffMs: -1 }, 'backoffMs'],
  ])('%j is refused, naming %s', (options, key) => {
    expect(() => resolveCompaction(options)).toThrow(new RegExp(`compaction\\.${key}`));
  });

  test('what is left out has its default', () => {
    expect(resolveCompaction({ threads: 2 })).toEqual({ ...DEFAULT_COMPACTION, threads: 2 });
  });
});
