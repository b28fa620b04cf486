import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startOdradek } from '../brokers/odradek.js';
import { rowContext, type Scale } from '../lib/context.js';
import { BROKER_MAIN_BY_FILE, PROJECT } from '../lib/paths.js';
import { alignCells } from '../lib/table.js';
import { measureSlice, type Workload } from '../lib/wire.js';
import { writeProfile } from '../report/profiles.js';
import { FETCH_SLICES, fetchWorkload } from '../rows/wire-fetch.js';
import { PRODUCE_LOADS, produceWorkload } from '../rows/wire-produce.js';
import { type CpuProfile, costliest, stacksOf } from './cpu-profile.js';
import { flamePicture } from './flame.js';

const SHOWN = 12;
const PROFILE_MS = 10_000;
const TITLES = {
  produce: 'Produce, 16 KiB batches: where the broker’s time goes',
  fetch: 'Fetch, 64 KiB slices: where the broker’s time goes',
} as const;

export interface ProfileOptions {
  readonly runFolder: string;
  readonly scale: Scale;
  readonly say: (line: string) => void;
  readonly commit: string;
}

/**
 * Loads the broker under `node --cpu-prof`, prints the functions in which it spends its time, and
 * draws the flame picture into `docs/benchmarks/`. `what` is `produce` (16 KiB batches: the price
 * of a request) or `fetch` (64 KiB slices).
 */
export async function profile(
  what: string,
  { runFolder, scale, say, commit }: ProfileOptions,
): Promise<number> {
  if (what !== 'produce' && what !== 'fetch') {
    say('what is to be profiled: "profile produce" or "profile fetch"');
    return 2;
  }
  const context = rowContext(runFolder, scale, say);
  try {
    const profiles = context.newFolder('profile');
    const folder = context.newFolder('odradek');
    const odradek = await startOdradek({
      folder,
      main: BROKER_MAIN_BY_FILE,
      set: { 'odradek.flush': 'os' },
      nodeArguments: ['--cpu-prof', `--cpu-prof-dir=${profiles}`],
    });
    context.defer(() => odradek.stop());
    const workload: Workload =
      what === 'produce'
        ? produceWorkload(context, PRODUCE_LOADS['16k'])
        : await fetchWorkload(context, [odradek], FETCH_SLICES['64k']);
    const durationMs = scale.isSmoke ? scale.sliceMs : PROFILE_MS;
    const sample = await measureSlice(context, odradek, workload, [], durationMs);
    await odradek.stop();
    say(`${sample.cpuUsPerRequest?.toFixed(1) ?? '?'} µs of CPU a request, profiler included`);
    const recorded = newest(profiles);
    const functions = costliest(recorded, SHOWN);
    process.stdout.write(
      `${alignCells([['function', 'self'], ...functions.map(({ name, share }) => [name, `${(share * 100).toFixed(1)} %`])])}\n`,
    );
    if (scale.isSmoke) return 0;
    writeProfile({
      what,
      title: TITLES[what],
      date: new Date().toISOString(),
      commit,
      cpuUsPerRequest: sample.cpuUsPerRequest ?? null,
      costliest: functions,
    });
    say(`written: ${draw(what, recorded)}`);
    return 0;
  } finally {
    await context.end();
  }
}

/** The main thread's: the one with most samples. Threads of the pool have one of their own. */
function newest(folder: string): CpuProfile {
  const all = readdirSync(folder).map(
    (name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as CpuProfile,
  );
  return all.reduce((most, one) => (one.samples.length > most.samples.length ? one : most));
}

function draw(what: keyof typeof TITLES, recorded: CpuProfile): string {
  const folder = join(PROJECT, 'docs', 'benchmarks');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `flame-${what}.svg`);
  writeFileSync(path, flamePicture(TITLES[what], stacksOf(recorded)));
  return path;
}
