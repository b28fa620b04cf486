import { execFileSync } from 'node:child_process';
import { existsSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { available, runs } from './tools.js';

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'odradek-test');

/** A Python with confluent-kafka; null without Python, venv or pip. */
export function pythonWithClient(): string | null {
  return pythonWith('confluent-kafka==2.16.1', 'confluent_kafka');
}

/** A Python with confluent-kafka and pytest, as above. */
export function pythonWithPytest(): string | null {
  return pythonWith('confluent-kafka==2.16.1 pytest==8.3.4', 'pytest, confluent_kafka');
}

/**
 * A Python with packages beside its own, installed by pip on first use; null without Python, venv
 * or pip.
 *
 * @param requirement names and versions as pip takes them, with a space between
 * @param module what a program imports of it
 */
export function pythonWith(requirement: string, module: string): string | null {
  const environment = join(CACHE, requirement.replaceAll('==', '-').replaceAll(' ', '+'));
  const python = join(environment, 'bin', 'python');
  if (!existsSync(environment) && runs('python3', '-c', 'import venv, ensurepip')) {
    install(environment, requirement);
  }
  const found = runs(python, '-c', `import ${module}`);
  return available('python', found, `python3 with venv and pip, for ${requirement}`)
    ? python
    : null;
}

function install(environment: string, requirement: string): void {
  const partial = `${environment}.${process.pid}`;
  try {
    execFileSync('python3', ['-m', 'venv', partial], { stdio: 'inherit' });
    // As a module, since the scripts of an environment hold the path it was made at.
    const pip = ['-m', 'pip', 'install', '--quiet', ...requirement.split(' ')];
    execFileSync(join(partial, 'bin', 'python'), pip, { stdio: 'inherit' });
    renameSync(partial, environment);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    process.stderr.write(`${error}\n`);
  }
}
