import { type Context, type Lease, rowContext, type Scale } from './context.js';
import { newLease } from './lease.js';
import { emptyRow, type Measured, measuredRow, type RowHead, type RowResult } from './row.js';

/** A row that can be run. */
export interface RowPlan extends RowHead {
  /**
   * Whether it uses what rows before it have started. Before a row that does not, all of that ends.
   */
  readonly shares?: boolean;
  /** Whether it runs without being named by `--only`. Default: yes. */
  readonly onlyIfNamed?: boolean;
  /** What it takes at full scale, about. Default: two minutes. */
  readonly seconds?: number;
  run(context: Context): Promise<Measured>;
}

/** A row's result, and how long it took. */
export type TimedRow = RowResult & { readonly seconds: number };

export interface RunOptions {
  readonly runFolder: string;
  readonly scale: Scale;
  readonly say: (line: string) => void;
  /** Called with each row when it is done, so that a run that is ended keeps what it has. */
  readonly onRow: (row: TimedRow) => void;
}

/**
 * Runs rows one after another. A row that fails is void or skipped and says why in one line; the
 * others still run. What a row started has ended, and its folder is gone, before the next one
 * begins; what rows share ends with a void row, or with the last.
 */
export async function runRows(plans: readonly RowPlan[], options: RunOptions): Promise<TimedRow[]> {
  const { runFolder, scale, say, onRow } = options;
  const lease = newLease(() => rowContext(runFolder, scale, say));
  const results: TimedRow[] = [];
  for (const [index, plan] of plans.entries()) {
    say(`[${index + 1}/${plans.length}] ${plan.id}`);
    const begin = performance.now();
    const row = await runRow(plan, lease, options);
    const result = { ...row, seconds: Math.round((performance.now() - begin) / 1e3) };
    results.push(result);
    onRow(result);
    say(`${plan.id}: ${result.seconds} s`);
  }
  await lease.end();
  return results;
}

async function runRow(
  plan: RowPlan,
  lease: Lease,
  { runFolder, scale, say }: RunOptions,
): Promise<RowResult> {
  const { id, title, conditions } = plan;
  const head: RowHead = { id, title, conditions };
  const context = rowContext(runFolder, scale, say, lease);
  let result: RowResult;
  try {
    if (!plan.shares) await lease.end();
    result = measuredRow(head, await plan.run(context));
  } catch (error) {
    result = emptyRow(head, error);
  }
  try {
    await context.end();
    if (result.status === 'void') await lease.end();
  } catch (error) {
    // What it measured was measured before; but a row that leaves something behind spoils the next.
    if (result.status === 'measured') result = emptyRow(head, error);
    await lease.end().catch(() => {});
  }
  return result;
}
