import { expect, test } from 'vitest';
import { type Finding, runTarget } from './run-target.js';
import { BrokenPromise, type Target } from './target.js';

/** Breaks at inputs whose first byte is 7; its lives count what they were fed. */
function brittle(isStateless: boolean): Target & { readonly fed: number[][] } {
  const fed: number[][] = [];
  return {
    name: 'brittle',
    inputsPerLife: 100,
    isStateless,
    fed,
    begin: () => {
      const life: number[] = [];
      fed.push(life);
      return {
        make: (random) => Buffer.of(random.below(64), random.below(256)),
        feed: (input) => {
          life.push(input.readUInt16BE(0));
          if (input[0] === 7) throw new BrokenPromise(`input ${input[1]} broke it`);
        },
      };
    },
  };
}

async function run(target: Target, from: number, count: number) {
  const found: Finding[] = [];
  const onFinding = (finding: Finding) => void found.push(finding);
  const { findings } = await runTarget({
    target,
    seed: 3,
    from,
    count,
    onFinding,
    onProgress() {},
  });
  return { findings, found };
}

test('an input that breaks something is told with its index, and once for each place', async () => {
  const { findings, found } = await run(brittle(true), 0, 2_000);
  expect(findings).toBeGreaterThan(5);
  expect(found).toHaveLength(1);
  expect(found[0]!.inputs).toHaveLength(1);
  expect(found[0]!.inputs[0]).toMatch(/^07/);
  expect(found[0]!.error).toContain('broke it');
});

test('a finding is found again by seed and index alone, from where its life began', async () => {
  const { found } = await run(brittle(false), 0, 2_000);
  const { index, inputs } = found[0]!;
  const again = await run(brittle(false), index, 1);
  expect(again.found.map(({ index, inputs }) => ({ index, inputs }))).toEqual([{ index, inputs }]);
  expect(inputs).toHaveLength((index % 100) + 1);
});

test('each life begins empty, and ends with the input that broke it', async () => {
  const target = brittle(false);
  await run(target, 0, 300);
  expect(target.fed).toHaveLength(3);
  for (const life of target.fed) {
    const broken = life.findIndex((input) => input >> 8 === 7);
    expect(life).toHaveLength(broken < 0 ? 100 : broken + 1);
  }
});
