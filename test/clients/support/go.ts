import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { available, runs } from './tools.js';

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'odradek-test');
const SOURCES = 'test/clients/readers/go';

/** The program of `readers/go`, built once for each version of its sources; null without Go. */
export function goReaders(): string | null {
  if (!available('go', runs('go', 'version'), 'install Go 1.25')) return null;
  const hash = createHash('sha256');
  for (const name of ['go.mod', 'go.sum', 'main.go']) {
    hash.update(readFileSync(resolve(SOURCES, name)));
  }
  const program = join(CACHE, `go-readers-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(program)) return program;
  mkdirSync(CACHE, { recursive: true });
  const partial = `${program}.${process.pid}`;
  execFileSync('go', ['build', '-o', partial, '.'], { cwd: resolve(SOURCES), stdio: 'inherit' });
  renameSync(partial, program);
  return program;
}
