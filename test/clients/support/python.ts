import { execFileSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { available, runs } from './tools.js';

const PACKAGE = 'confluent-kafka==2.16.1';
const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'odradek-test');
const ENVIRONMENT = join(CACHE, PACKAGE.replace('==', '-'));

/** A Python with confluent-kafka, installed by pip on first use; null without Python, venv or pip. */
export function pythonWithClient(): string | null {
  const python = join(ENVIRONMENT, 'bin', 'python');
  if (!existsSync(ENVIRONMENT) && runs('python3', '-c', 'import venv, ensurepip')) install();
  const found = runs(python, '-c', 'import confluent_kafka');
  return available('python', found, `python3 with venv and pip, for ${PACKAGE}`) ? python : null;
}

function install(): void {
  const partial = `${ENVIRONMENT}.${process.pid}`;
  try {
    execFileSync('python3', ['-m', 'venv', partial], { stdio: 'inherit' });
    // As a module, since the scripts of an environment hold the path it was made at.
    const pip = ['-m', 'pip', 'install', '--quiet', '--only-binary', ':all:', PACKAGE];
    execFileSync(join(partial, 'bin', 'python'), pip, { stdio: 'inherit' });
    renameSync(partial, ENVIRONMENT);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    process.stderr.write(`${error}\n`);
  }
}
