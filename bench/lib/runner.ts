import { type Context, rowContext, type Scale } from './context.js';
import { emptyRow, type Measured, measuredRow, type RowHead, type RowResult } from './row.js';

/** A row that can be run. */
export interface RowPlan extends RowHead {
  run(context: Context): Promise<Measured>;
}

export interface RunOptions {
  readonly runFolder: string;
  readonly scale: Scale;
  readonly say: (line: string) => void;
  /** Called with each row when it is done. */
  readonly onRow: (row: RowResult) => void;
}

/**
 * Runs rows one after another. A row that fails is void or skipped and says why in one line; the others still run. What a row
 * started has ended, and its folder is gone, before the next one begins.
 */
export async function runRows(
  plans: readonly RowPlan[],
  options: RunOptions,
): Promise<RowResult[]> {
  const results: RowResult[] = [];
  for (const [index, plan] of plans.entries()) {
    options.say(`[${index + 1}/${plans.length}] ${plan.id}`);
    const result = await runRow(plan, options);
    results.push(result);
    options.onRow(result);
  }
  return results;
}

async function runRow(plan: RowPlan, { runFolder, scale, say }: RunOptions): Promise<RowResult> {
  const { id, title, conditions } = plan;
  const head: RowHead = { id, title, conditions };
  const context = rowContext(runFolder, scale, say);
  let result: RowResult;
  try {
    result = measuredRow(head, await plan.run(context));
  } catch (error) {
    result = emptyRow(head, error);
  }
  try {
    await context.end();
  } catch (error) {
    // What it measured was measured before; but a row that leaves something behind spoils the next.
    result = emptyRow(head, error);
  }
  return result;
}
