/**
 * Feeds one range of one target, in a process of its own, so that the parent sees a crash: `node
 * child.js TARGET SEED FROM COUNT [each]`. Tells its parent how far it is and what it found; with
 * `each`, before every single input.
 */
import { runTarget } from './lib/run-target.js';
import { targetOf } from './targets/index.js';

/** What a child says. */
export type ChildMessage =
  | { readonly kind: 'at'; readonly index: number }
  | {
      readonly kind: 'finding';
      readonly index: number;
      readonly error: string;
      readonly inputs: readonly string[];
    }
  | { readonly kind: 'done'; readonly findings: number };

/** More often would cost more than the inputs. */
const PROGRESS_EVERY = 5_000;

const [, , name = '', seed = '1', from = '0', count = '0', each] = process.argv;
// Most inputs are refused with an error, and half of its cost is the stack.
Error.stackTraceLimit = 6;
let at = Number(from);
let told = -1;

function say(message: ChildMessage): void {
  process.send?.(message);
}

/** Nothing may fail without a waiting caller. */
function sayAndEnd(error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.send?.(
    { kind: 'finding', index: at, error: `outside of everything: ${text}`, inputs: [] },
    () => process.exit(70),
  );
}
process.on('uncaughtException', sayAndEnd);
process.on('unhandledRejection', sayAndEnd);

const { findings } = await runTarget({
  target: targetOf(name),
  seed: Number(seed),
  from: Number(from),
  count: Number(count),
  eachInput: each === 'each',
  onProgress: (index) => {
    at = index;
    if (each !== 'each' && index < told + PROGRESS_EVERY && told >= 0) return;
    told = index;
    say({ kind: 'at', index });
  },
  onFinding: ({ index, error, inputs }) => say({ kind: 'finding', index, error, inputs }),
});
say({ kind: 'done', findings });
process.disconnect?.();
