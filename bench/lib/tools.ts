import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { skipped } from './outcome.js';
import { BENCH, CACHE } from './paths.js';

/** Programs that some rows need, and what to do without them. */
const TOOLS = {
  cc: { probe: ['--version'], hint: 'install a C compiler' },
  strace: { probe: ['--version'], hint: 'install strace' },
  taskset: { probe: ['--version'], hint: 'install util-linux' },
  java: { probe: ['-version'], hint: 'install a Java 17 runtime' },
  mvn: { probe: ['-version'], hint: 'install Maven' },
} as const;

export type Tool = keyof typeof TOOLS;

const found = new Map<Tool, boolean>();

export function hasTool(tool: Tool): boolean {
  let answer = found.get(tool);
  if (answer === undefined) {
    answer = spawnSync(tool, TOOLS[tool].probe, { stdio: 'ignore' }).status === 0;
    found.set(tool, answer);
  }
  return answer;
}

/** Throws the row's skip when a tool is missing. */
export function needTool(...tools: Tool[]): void {
  for (const tool of tools) {
    if (!hasTool(tool)) throw skipped(`${tool} is missing: ${TOOLS[tool].hint}`);
  }
}

/** Runs on one core, where `taskset` is there; the row's conditions say so. */
export function pinned(core: number | null, command: readonly string[]): string[] {
  if (core === null || !hasTool('taskset')) return [...command];
  return ['taskset', '-c', String(core), ...command];
}

/**
 * Compiles one of the suite's C programs, once per version of its source. Its path, or null without
 * a compiler.
 */
export function compiled(source: string): string | null {
  if (!hasTool('cc')) return null;
  const path = join(BENCH, source);
  const version = createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 12);
  const name = source.replaceAll('/', '-').replace(/\.c$/, '');
  const binary = join(CACHE, `${name}-${version}`);
  if (!existsSync(binary)) {
    mkdirSync(CACHE, { recursive: true });
    const partial = `${binary}.${process.pid}`;
    execFileSync('cc', ['-O2', '-Wall', '-Wextra', '-march=native', '-o', partial, path], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    renameSync(partial, binary);
  }
  return binary;
}
