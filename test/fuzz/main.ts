/** `npm run soak:fuzz`: see docs/fuzzing.md. */
import { execFileSync } from 'node:child_process';
import { endWith, numberProblem, soakArguments } from '../support/soak-arguments.js';
import { appendResult, fedSoFar, keepFinding } from './lib/results.js';
import { type RangeOfTarget, type RangeResult, runChild } from './lib/run-child.js';
import { TARGETS, targetOf } from './targets/index.js';

const HELP = `Usage: npm run soak:fuzz -- [options]

Feeds the program with changed bytes, and notes each range of inputs in docs/soak/fuzz.jsonl.

  --target NAME   only this one, or those that begin with it and a dot; default: all
  --seed S        default 1
  --from N        first input, and nothing is noted; default: behind those noted for this seed
  --count M       inputs for each target; default 1,000,000 in all, less what was fed before
  --jobs J        targets at a time; default 1
  --status        says how far each target has come, and feeds nothing
  --check         from input 0, nothing is noted: what CI runs

Examples:
  npm run soak:fuzz                                     goes on to 1,000,000 inputs a target
  npm run soak:fuzz -- --target codec --seed 2          other inputs, the decompressors only
  npm run soak:fuzz -- --target api.Fetch --from 4711 --count 1
  npm run soak:fuzz -- --check --count 20000 --jobs 2   as CI runs it

Targets: ${TARGETS.map(({ name }) => name).join(', ')}

Exits with 1 when an input broke something; dist/fuzz-found/ has it then.
`;

const asked = soakArguments(
  process.argv.slice(2),
  {
    target: { type: 'string' },
    seed: { type: 'string', default: '1' },
    from: { type: 'string' },
    count: { type: 'string', default: '1000000' },
    jobs: { type: 'string', default: '1' },
    check: { type: 'boolean', default: false },
    status: { type: 'boolean', default: false },
  },
  HELP,
  ({ target, seed, from, count, jobs }) => {
    const isKnown = target === undefined || namesOf(target).length > 0;
    return isKnown
      ? (numberProblem('seed', seed, 0) ??
          numberProblem('from', from, 0) ??
          numberProblem('count', count, 1) ??
          numberProblem('jobs', jobs, 1))
      : `no target is called '${target}'`;
  },
);
if (asked.kind === 'end') endWith(asked);
const { values } = asked;
/** Inputs after which a result is noted, so that a stopped soak has not run in vain. */
const INPUTS_PER_LINE = 250_000;
/** The slowest inputs take a millisecond, and a progress message comes every 5,000 or so. */
const SILENCE_MS = 300_000;

const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
const seed = Number(values.seed);
/** A look at some inputs is no part of the soak. */
const isNoted = values.from === undefined && !values.check;
const queue = namesOf(values.target);
let isSound = true;
if (values.status) tellStatus();
else await Promise.all(Array.from({ length: Number(values.jobs) }, work));
process.exitCode = isSound ? 0 : 1;

function namesOf(named: string | undefined): string[] {
  return TARGETS.map(({ name }) => name).filter(
    (name) => named === undefined || name === named || name.startsWith(`${named}.`),
  );
}

function tellStatus(): void {
  const count = Number(values.count);
  const left = queue.filter((target) => fedSoFar(target, seed) < count);
  for (const target of left) say(`${target}: ${fedSoFar(target, seed)} of ${count}`);
  say(
    `${queue.length - left.length} of ${queue.length} targets have had ${count} inputs, seed ${seed}`,
  );
}

/** Takes target after target until none is left. */
async function work(): Promise<void> {
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) await feedTarget(name);
}

async function feedTarget(target: string): Promise<void> {
  const from = isNoted ? fedSoFar(target, seed) : Number(values.from ?? 0);
  const end = isNoted ? Number(values.count) : from + Number(values.count);
  for (let at = from; at < end; ) {
    at = await feed({ target, seed, from: at, count: Math.min(INPUTS_PER_LINE, end - at) });
  }
}

/** Feeds a range, notes what came of it, and returns where the next one begins. */
async function feed(range: RangeOfTarget): Promise<number> {
  const began = Date.now();
  let result = await runChild(range, { silenceMs: SILENCE_MS });
  if (result.ended !== null) result = await closerLook(range, result);
  const { findings, found, ended, reached } = result;
  const seconds = Math.round((Date.now() - began) / 100) / 10;
  // What ended its process is passed over, with the life that it lies in.
  const next =
    ended === null ? range.from + range.count : targetOf(range.target).inputsPerLife + reached;
  const count = next - range.from;
  const files = found.map((finding) => keepFinding(range, finding));
  const outcome = findings === 0 && ended === null ? 'ok' : { findings, ended, reached, files };
  if (isNoted) appendResult({ ...range, count, commit, seconds, result: outcome });
  const each = Math.round((seconds * 1e6) / count);
  const pace = `${seconds} s, ${each} µs each`;
  say(`${range.target}: ${count} from ${range.from}, ${pace}: ${JSON.stringify(outcome)}`);
  for (const { index, error } of found) say(`  at ${index}: ${error}`);
  if (outcome !== 'ok') isSound = false;
  return next;
}

/** A process that ended is run again from where it was last heard, and says every input. */
async function closerLook(range: RangeOfTarget, result: RangeResult): Promise<RangeResult> {
  const from = result.reached;
  const count = Math.min(10_000, range.from + range.count - from);
  const again = await runChild(
    { ...range, from, count },
    { silenceMs: SILENCE_MS, eachInput: true },
  );
  const found = [...result.found, ...again.found];
  return { ...result, found, reached: again.ended === null ? from : again.reached };
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
