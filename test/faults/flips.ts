import { mkdtempSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { batchSize, CRC_AT } from '../../engine/batch/header.js';
import { type Random, seededRandom } from '../../engine/index.js';
import { rebuildCatalogs } from '../../server/cli/catalog.js';
import { startBroker } from '../../server/index.js';
import { BROKER_SETTINGS } from './support/broker-process.js';
import { type FlipWorld, layOut, readContents } from './support/flip-world.js';
import { type Judgement, judge, type Uncovered } from './support/judge-flip.js';

/** Start errors that say what is damaged. */
const CLEAR_ERRORS = [
  'CATALOG_DAMAGED',
  'DAMAGED_FILE',
  'FORMAT_TOO_NEW',
  'NOT_A_DATA_DIRECTORY',
] as const;
/** A batch begins with its base offset. */
const BASE_OFFSET_BYTES = 8;
/** Files that a broker does not start without. */
const NEEDED_TO_START = /^(catalog\.mdb|metadata\.mdb|meta\.properties)$/;

export interface FlipOutcome extends Judgement {
  readonly index: number;
  /** What was done, and to which file. */
  readonly what: string;
  /** The broker did not start, and said why. */
  readonly refusedStart: boolean;
}

/**
 * One flip or truncation of one file, of a stopped or a running broker, and what clients read
 * afterwards.
 */
export async function flipOnce(
  world: FlipWorld,
  seed: number,
  index: number,
): Promise<FlipOutcome> {
  const random = seededRandom(seed * 1_000_003 + index);
  const paths = [...world.files.keys()].filter((path) => !path.startsWith('.lock'));
  const path = paths[Math.floor(random.next() * paths.length)]!;
  const root = mkdtempSync(join(tmpdir(), 'odradek-flip-'));
  const dataDir = join(root, 'data');
  const isRunning = random.next() < 0.3 && !path.endsWith('.mdb');
  const damage = damageOf(world.files.get(path)!, random);
  const what = `${isRunning ? 'running' : 'stopped'} ${path}: ${damage.what}`;
  try {
    layOut(world, dataDir);
    const target = join(dataDir, path);
    if (!isRunning) damage.apply(target);
    const flip: Flip = { world, dataDir, path, uncovered: uncoveredBy(world, path, damage) };
    const first = await readOnce(flip, isRunning ? () => damage.apply(target) : null);
    const isCatalog = path.endsWith('.mdb');
    let judged: Outcome = first;
    if (first.refusedStart && isCatalog) judged = await rebuilt(flip, first);
    else if (isRunning && !first.refusedStart) judged = await again(flip, first);
    return { index, what, ...judged };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

/** One flip, and where it is. */
interface Flip {
  readonly world: FlipWorld;
  readonly dataDir: string;
  readonly path: string;
  readonly uncovered: Uncovered;
}

type Outcome = Omit<FlipOutcome, 'index' | 'what'>;

/** What was damaged under a running broker is met by the next one too. */
async function again(flip: Flip, first: Outcome) {
  const second = await readOnce(flip, null);
  return { ...second, wrong: [...first.wrong, ...second.wrong] };
}

/** The command that the error names rebuilds a damaged catalog, and nothing is missing then. */
async function rebuilt(flip: Flip, first: Outcome) {
  try {
    await rebuildCatalogs(flip.dataDir, {});
  } catch (error) {
    return { ...first, wrong: [...first.wrong, `the catalog is not rebuilt: ${error}`] };
  }
  const second = await readOnce(flip, null);
  return { ...second, refusedStart: true, wrong: [...first.wrong, ...second.wrong] };
}

async function readOnce(
  { world, dataDir, path, uncovered }: Flip,
  meanwhile: (() => void) | null,
): Promise<Outcome> {
  const none = { untold: 0, refusedPartitions: 0, wrong: [] as string[] };
  let broker: Awaited<ReturnType<typeof startBroker>>;
  try {
    broker = await startBroker({ dataDir, config: BROKER_SETTINGS });
  } catch (error) {
    const { code } = error as { code?: string };
    const isClear = CLEAR_ERRORS.some((each) => each === code) && NEEDED_TO_START.test(path);
    const wrong = isClear ? [] : [`the broker does not start: ${code} ${error}`];
    return { ...none, wrong, refusedStart: true };
  }
  try {
    meanwhile?.();
    return {
      ...judge(path, uncovered, world.contents, await readContents(broker.port)),
      refusedStart: false,
    };
  } catch (error) {
    return { ...none, wrong: [`reading failed: ${error}`], refusedStart: false };
  } finally {
    await broker.close().catch(() => {});
  }
}

interface Damage {
  readonly what: string;
  readonly at: number;
  /** Bytes that change; 0 where the file is cut. */
  readonly count: number;
  apply(path: string): void;
}

function damageOf(content: Buffer, random: Random): Damage {
  const size = content.length;
  let at = Math.floor(random.next() * size);
  // Most of a catalog's file is unused pages.
  for (let tries = 0; tries < 20 && content[at] === 0; tries++)
    at = Math.floor(random.next() * size);
  const kind = random.next();
  if (kind < 0.15 || size === 0) {
    return {
      what: `cut to ${at}`,
      at,
      count: 0,
      apply: (path) => truncateSync(path, Math.min(at, statSync(path).size)),
    };
  }
  const bit = Math.floor(random.next() * 8);
  const count = kind < 0.3 ? 16 : 1;
  return {
    at,
    count,
    what: count === 1 ? `bit ${bit} of byte ${at}` : `16 bytes from ${at}`,
    apply: (path) => {
      const bytes = readFileSync(path);
      for (let byte = at; byte < Math.min(at + count, bytes.length); byte++) {
        bytes[byte] = count === 1 ? bytes[byte]! ^ (1 << bit) : (bytes[byte]! * 31 + 77) & 0xff;
      }
      writeFileSync(path, bytes, { flag: 'r+' });
    },
  };
}

/** Which of base offset, length and leader epoch a flip changes, which no checksum covers. */
function uncoveredBy({ files }: FlipWorld, path: string, { at, count }: Damage): Uncovered {
  const content = files.get(path)!;
  if (!path.endsWith('.log')) return null;
  for (let batch = 0; batch < content.length; batch += batchSize(content, batch)) {
    if (at < batch + CRC_AT && at + count > batch) {
      return at + count <= batch + BASE_OFFSET_BYTES ? 'base-offset' : 'other';
    }
  }
  return null;
}
