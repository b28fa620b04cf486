import { expect, test } from 'vitest';
import { ChunkPool } from '../../../../server/net/sending/chunk-pool.js';

const KIB = 1024;

test('chunks are powers of two, and used again', () => {
  const pool = new ChunkPool();
  const chunk = pool.take(100 * KIB);
  expect([chunk.length, pool.lentBytes]).toEqual([128 * KIB, 128 * KIB]);
  pool.give(chunk);
  expect(pool.lentBytes).toBe(0);
  expect(pool.take(128 * KIB)).toBe(chunk);
});

test('ten thousand slow readers hold 64 MiB together and 16 KiB each, and a later reader gets large chunks again', () => {
  const pool = new ChunkPool();
  const held = Array.from({ length: 10_000 }, () => pool.take(256 * KIB));
  expect(held.reduce((sum, chunk) => sum + chunk.length, 0)).toBe(pool.lentBytes);
  expect(pool.lentBytes).toBeLessThanOrEqual(64 * 1024 * KIB + 10_000 * 16 * KIB);
  for (const [index, chunk] of held.entries()) index % 2 ? pool.give(chunk) : pool.lose(chunk);
  expect([pool.lentBytes, pool.take(256 * KIB).length]).toEqual([0, 256 * KIB]);
});
