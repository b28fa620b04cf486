import { expect, test } from 'vitest';
import { type CpuProfile, costliest, stacksOf } from '../../../bench/profile/cpu-profile.js';

function node(
  id: number,
  functionName: string,
  children: number[] = [],
): CpuProfile['nodes'][number] {
  const url = functionName.startsWith('(') ? '' : 'file:///x/dist/engine/log/append.js';
  return { id, callFrame: { functionName, url, lineNumber: 9 }, children };
}

/** root → append → crc, and the loop being idle; append ran 20 µs of its own, crc 60, idle 900. */
const profile: CpuProfile = {
  nodes: [node(1, '(root)', [2, 4]), node(2, 'append', [3]), node(3, 'crc'), node(4, '(idle)')],
  samples: [2, 3, 3, 4, 4],
  timeDeltas: [5, 20, 30, 30, 900],
};

test('functions are ranked by their own share of the busy time', () => {
  expect(costliest(profile, 5)).toEqual([
    { name: 'crc engine/log/append.js:10', share: 0.75 },
    { name: 'append engine/log/append.js:10', share: 0.25 },
  ]);
  expect(costliest(profile, 1)).toHaveLength(1);
});

test('a caller is as wide as what it called and its own part, and idle time is left out', () => {
  const root = stacksOf(profile);
  expect(root.share).toBe(1);
  expect(root.children).toHaveLength(1);
  expect(root.children[0]).toMatchObject({ share: 1, children: [{ share: 0.75 }] });
});
