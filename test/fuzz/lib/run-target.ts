import { FuzzRandom } from './fuzz-random.js';
import type { Life, Target } from './target.js';

/** An input that broke something, with what it takes to do so again. */
export interface Finding {
  readonly index: number;
  /** Message and stack. */
  readonly error: string;
  /** In hex; the last one is the culprit, and where the target has no state the only one. */
  readonly inputs: readonly string[];
}

export interface RunOptions {
  readonly target: Target;
  readonly seed: number;
  /** First input; the run begins with the life that it lies in. */
  readonly from: number;
  readonly count: number;
  /** Called before the first input of each life, or before every one with `eachInput`. */
  onProgress(index: number): void;
  readonly eachInput?: boolean;
  /** Findings of the same place are counted once. */
  onFinding(finding: Finding): void;
}

/** Feeds a range of inputs. Rejects only where a target itself cannot begin. */
export async function runTarget(options: RunOptions): Promise<{ findings: number }> {
  const { target, seed, count } = options;
  const first = options.from - (options.from % target.inputsPerLife);
  const end = options.from + count;
  const seen = new Set<string>();
  let findings = 0;
  for (let from = first; from < end; from += target.inputsPerLife) {
    options.onProgress(from);
    const failure = await live(options, seed, from, Math.min(end, from + target.inputsPerLife));
    if (failure === null) continue;
    findings++;
    const place = placeOf(failure.error);
    if (seen.has(place)) continue;
    seen.add(place);
    options.onFinding(failure);
  }
  return { findings };
}

/** One life; it ends with the first input that breaks something. */
async function live(
  { target, onProgress, eachInput = false }: RunOptions,
  seed: number,
  from: number,
  end: number,
): Promise<Finding | null> {
  const inputs: Buffer[] = [];
  let index = from;
  const life = await target.begin(new FuzzRandom(seed, from).bits());
  try {
    for (; index < end; index++) {
      if (eachInput) onProgress(index);
      const input = life.make(new FuzzRandom(seed, index));
      inputs.push(input);
      const feeding = life.feed(input);
      if (feeding !== undefined) await feeding;
    }
    await life.end?.();
    return null;
  } catch (error) {
    await endQuietly(life);
    const text = textOf(error);
    const alone = target.isStateless ? await culprit(target, inputs) : null;
    if (alone === null) return { index, error: text, inputs: inputs.map(hex) };
    return { index: from + alone, error: text, inputs: [hex(inputs[alone]!)] };
  }
}

/** Of inputs that may have been under way together, the first that breaks something alone. */
async function culprit(target: Target, inputs: readonly Buffer[]): Promise<number | null> {
  for (const [at, input] of inputs.entries()) {
    const life = await target.begin(0);
    try {
      await life.feed(input);
      await life.end?.();
    } catch {
      return at;
    }
  }
  return null;
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function hex(bytes: Buffer): string {
  return bytes.toString('hex');
}

async function endQuietly(life: Life): Promise<void> {
  try {
    await life.end?.();
  } catch {
    // It has failed already.
  }
}

/** What findings of one cause have in common: the message without numbers, and its place. */
function placeOf(error: string): string {
  const lines = error.split('\n');
  const at = lines.find((line) => line.trimStart().startsWith('at ')) ?? '';
  return `${lines[0]!.replace(/\d+/g, '#')} ${at.trim()}`;
}
