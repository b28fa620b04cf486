/**
 * `npm run soak:faults`: see docs/reliability.md, "The soaks".
 *
 *   --kind KIND   kills, cuts, flips or losses; default: all
 *   --count N     rounds of it; default: as many as are left to 500 kills, 50 cuts, 10,000 flips, 20 losses
 *   --seed S      default: behind the last that was noted
 */
import { parseArgs } from 'node:util';
import { type FaultKind, KINDS, runAndNote } from './support/results.js';

const { values } = parseArgs({
  options: { kind: { type: 'string' }, count: { type: 'string' }, seed: { type: 'string' } },
});
const kinds = values.kind === undefined ? KINDS : KINDS.filter((kind) => kind === values.kind);
if (kinds.length === 0) throw new Error(`a kind is one of ${KINDS.join(', ')}`);
let isSound = true;
for (const kind of kinds as readonly FaultKind[]) {
  const count = values.count === undefined ? undefined : Number(values.count);
  const seed = values.seed === undefined ? undefined : Number(values.seed);
  isSound = (await runAndNote(kind, { count, seed })) && isSound;
}
process.exitCode = isSound ? 0 : 1;
