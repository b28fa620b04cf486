import { execFileSync } from 'node:child_process';

/** What a suite may need beside Node; `ODRADEK_REQUIRE` is a list of these. */
export type ToolName = 'kcat' | 'java' | 'python' | 'go' | 'root' | 'events' | 'isal';

/** Whether the run must fail, rather than say so, when the tool is missing. */
export function isRequired(tool: ToolName): boolean {
  return (process.env.ODRADEK_REQUIRE ?? '').split(',').includes(tool);
}

/**
 * Whether a suite can run. Prints its one skip line when it cannot, and throws instead where
 * `ODRADEK_REQUIRE` names the tool.
 */
export function available(tool: ToolName, found: boolean, hint: string): boolean {
  if (found) return true;
  if (isRequired(tool)) throw new Error(`ODRADEK_REQUIRE names ${tool}, which is missing: ${hint}`);
  process.stderr.write(`skipped: ${tool} is missing (${hint})\n`);
  return false;
}

/** Whether a program runs at all with these arguments. */
export function runs(program: string, ...args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
