import { strictEqual } from 'node:assert';
import { EngineError } from '../../engine/index.js';
import type { ModelBatch } from './model-log.js';

export function between(low: number, high: number, share: number): number {
  return low + Math.floor(share * (high - low + 1));
}

export function lookupOf(record: {
  offset: number;
  timestamp: number | bigint;
  epoch: number;
}): object {
  return { offset: record.offset, timestampMs: record.timestamp, leaderEpoch: record.epoch };
}

export function sizeFrom(batches: readonly ModelBatch[], offset: number): number {
  return batches
    .filter((batch) => batch.baseOffset >= offset)
    .reduce((sum, batch) => sum + batch.bytes.length, 0);
}

export function isSame(seen: readonly ModelBatch[], expected: readonly ModelBatch[]): boolean {
  return (
    seen.length === expected.length &&
    seen.every(({ bytes }, at) => bytes.equals(expected[at]!.bytes))
  );
}

export function sameBatches(seen: readonly ModelBatch[], expected: readonly ModelBatch[]): void {
  if (isSame(seen, expected)) return;
  throw new Error(`read were ${ranges(seen)}, the model has ${ranges(expected)}`);
}

export function ranges(batches: readonly ModelBatch[]): string {
  return `[${batches.map((batch) => `${batch.baseOffset}-${batch.lastOffset}`).join(' ')}]`;
}

export async function outcomeOf<Value>(
  promise: Promise<Value>,
): Promise<{ value?: Value; error?: EngineError }> {
  try {
    return { value: await promise };
  } catch (error) {
    if (error instanceof EngineError) return { error };
    throw error;
  }
}

export function throwsCode(code: string, run: () => unknown): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    strictEqual(error.code, code);
    return;
  }
  throw new Error(`nothing was thrown, ${code} was expected`);
}

export async function rejectsCode(code: string, promise: Promise<unknown>): Promise<void> {
  const { error } = await outcomeOf(promise);
  strictEqual(error?.code, code);
}
