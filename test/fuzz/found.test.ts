import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { FuzzRandom } from './lib/fuzz-random.js';
import type { FoundFile } from './lib/results.js';
import { TARGETS, targetOf } from './targets/index.js';

const folder = fileURLToPath(new URL('found/', import.meta.url));
const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

test.each(files)('%s breaks nothing any more', async (name) => {
  const { target, inputs } = JSON.parse(readFileSync(join(folder, name), 'utf8')) as FoundFile;
  expect(inputs.length).toBeGreaterThan(0);
  const life = await targetOf(target).begin(1);
  for (const input of inputs) await life.feed(Buffer.from(input, 'hex'));
  await life.end?.();
});

test.each(TARGETS.map((target) => [target.name, target] as const))(
  '%s makes the same input of the same seed and index, and takes a few',
  async (_name, target) => {
    const made: string[] = [];
    for (const _again of [1, 2]) {
      const life = await target.begin(5);
      for (let index = 0; index < 20; index++) {
        const input = life.make(new FuzzRandom(5, index));
        made.push(input.toString('hex'));
        await life.feed(input);
      }
      await life.end?.();
    }
    expect(made.slice(20)).toEqual(made.slice(0, 20));
  },
);
