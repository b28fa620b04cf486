import { describe, expect, test } from 'vitest';
import { buildBatch, buildBatchSync } from '../../engine/batch/builder.js';
import { EngineError } from '../../engine/errors.js';
import { LIMITS } from '../../engine/limits.js';
import { UnpackBudget } from '../../engine/unpack-budget.js';

const record = { key: null, value: 'v', timestamp: 0 };
const packed = await buildBatch([record], { codec: 'gzip' });
const SMALL = LIMITS.unpackedSmallBatchBytesMax;
const LARGE = LIMITS.decompressedBatchBytesMax;
const SMALL_AT_ONCE = LIMITS.unpackedSmallBytes / SMALL;

/** Work that ends when it is told to, and names of what has begun. */
function workshop(budget: UnpackBudget) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const start = (owner: object, name: string, bytes = 1): Promise<string> =>
    budget.run(owner, packed, async (bytesMax) => {
      if (bytes > bytesMax) throw new EngineError('BATCH_TOO_LARGE', `more than ${bytesMax}`);
      begun.push(name);
      await new Promise<void>((resolve) => ends.set(name, resolve));
      return name;
    });
  return { begun, start, end: (name: string) => ends.get(name)!() };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('the memory that batches are unpacked into', () => {
  test('is tried with little, then with much, and never more than it all', async () => {
    const { begun, start, end } = workshop(new UnpackBudget());
    const much = ['a', 'b', 'c'].map((name) => start({}, name, SMALL + 1));
    await settle();
    expect(begun).toEqual(['a', 'b']);
    expect(LIMITS.unpackedLargeBytes / LARGE).toBe(2);
    end('b');
    await much[1];
    await settle();
    expect(begun).toEqual(['a', 'b', 'c']);
    end('a');
    end('c');
    expect(await Promise.all(much)).toEqual(['a', 'b', 'c']);
    await expect(start({}, 'd', LARGE + 1)).rejects.toMatchObject({ code: 'BATCH_TOO_LARGE' });
  });

  test('of those who need little is not kept from them by those who need much', async () => {
    const { begun, start, end } = workshop(new UnpackBudget());
    const much = Array.from({ length: 20 }, (_, at) => start({}, `much ${at}`, LARGE));
    await settle();
    const little = start({}, 'little');
    await settle();
    expect(begun).toContain('little');
    end('little');
    expect(await little).toBe('little');
    for (let at = 0; at < 20; at++) {
      await settle();
      end(`much ${at}`);
    }
    await Promise.all(much);
  });

  test('goes round among the logs, whatever one of them has brought', async () => {
    const { begun, start, end } = workshop(new UnpackBudget());
    const [greedy, modest] = [{}, {}];
    const names = Array.from({ length: SMALL_AT_ONCE + 5 }, (_, at) => `greedy ${at}`);
    const all = names.map((name) => start(greedy, name));
    all.push(start(modest, 'modest'));
    expect(begun).toEqual(names.slice(0, SMALL_AT_ONCE));
    end('greedy 0');
    await settle();
    end('greedy 1');
    await settle();
    expect(begun.slice(SMALL_AT_ONCE)).toEqual([names[SMALL_AT_ONCE], 'modest']);
    for (const name of [...names.slice(2), 'modest']) {
      await settle();
      end(name);
    }
    expect(await Promise.all(all)).toHaveLength(SMALL_AT_ONCE + 6);
  });

  test('is not asked for by batches that are not packed, and failures give theirs back', async () => {
    const budget = new UnpackBudget();
    const plain = buildBatchSync([record]);
    const asked = Array.from({ length: 100 }, () => budget.run({}, plain, async (max) => max));
    expect(new Set(await Promise.all(asked))).toEqual(new Set([LARGE]));
    for (let round = 0; round < 3 * SMALL_AT_ONCE; round++) {
      const failing = budget.run({}, packed, () => Promise.reject(new Error('no')));
      await expect(failing).rejects.toThrow('no');
    }
    expect(await budget.run({}, packed, async (max) => max)).toBe(SMALL);
  });
});
