/** `npm run soak:faults`: see docs/reliability.md, "The soak of faults". */
import { endWith, numberProblem, soakArguments } from '../support/soak-arguments.js';
import { type FaultKind, KINDS, runAndNote, statusOf } from './support/results.js';

const HELP = `Usage: npm run soak:faults -- [options]

Kills brokers, cuts their power and damages their files under load, and notes each piece in docs/soak/faults.jsonl.
Linux only; cuts and losses as root, for they mount a file system; strace for the kills at a system call.

  --kind KIND   kills, cuts, flips or losses; default: one after another
  --count N     rounds of it; default: as many as are left to 500 kills, 50 cuts, 10,000 flips, 20 losses
  --seed S      default: behind the last that was noted
  --check       tries: rounds are printed, and not noted; default: one piece of each kind
  --status      says how many rounds count so far, and runs none

Examples:
  npm run soak:faults                                   goes on to the counts above
  npm run soak:faults -- --kind flips --count 250
  npm run soak:faults -- --kind kills --count 25 --seed 7

Exits with 1 when anything went wrong; docs/reliability.md says what the fields of a line mean.
`;

const asked = soakArguments(
  process.argv.slice(2),
  {
    kind: { type: 'string' },
    count: { type: 'string' },
    seed: { type: 'string' },
    check: { type: 'boolean', default: false },
    status: { type: 'boolean', default: false },
  },
  HELP,
  ({ kind, count, seed }) =>
    kind === undefined || KINDS.some((each) => each === kind)
      ? (numberProblem('count', count, 1) ?? numberProblem('seed', seed, 0))
      : `--kind is one of ${KINDS.join(', ')}, not '${kind}'`,
);
if (asked.kind === 'end') endWith(asked);
const { values } = asked;
const kinds = values.kind === undefined ? KINDS : KINDS.filter((kind) => kind === values.kind);
let isSound = true;
for (const kind of kinds as readonly FaultKind[]) {
  if (values.status) {
    process.stdout.write(`${statusOf(kind)}\n`);
    continue;
  }
  const count = values.count === undefined ? undefined : Number(values.count);
  const seed = values.seed === undefined ? undefined : Number(values.seed);
  isSound = (await runAndNote(kind, { count, seed, isNoted: !values.check })) && isSound;
}
process.exitCode = isSound ? 0 : 1;
