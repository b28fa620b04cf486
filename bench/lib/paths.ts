import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the project, whether this runs from the sources or from `dist`. */
export const PROJECT = findProject(dirname(fileURLToPath(import.meta.url)));

/** Where this suite's own sources, `package.json` and `pom.xml` are. */
export const BENCH = join(PROJECT, 'bench');

/** The broker's command, as its users have it. */
export const BROKER_MAIN = join(PROJECT, 'dist', 'bin', 'odradek.cjs');

/** The same in files that are those of the sources, for a profile that names them. */
export const BROKER_MAIN_BY_FILE = join(PROJECT, 'dist', 'server', 'main.js');

/** What is fetched or compiled once and kept between runs. */
export const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'odradek-bench');

/** The compiled form of one of the suite's programs, such as `floors/node-append`. */
export function programPath(name: string): string {
  return join(PROJECT, 'dist', 'bench', `${name}.js`);
}

function findProject(from: string): string {
  const manifest = join(from, 'package.json');
  if (existsSync(manifest)) {
    const { name } = JSON.parse(readFileSync(manifest, 'utf8')) as { name?: unknown };
    if (name === 'odradek') return from;
  }
  const parent = dirname(from);
  if (parent === from) throw new Error('the folder of odradek was not found');
  return findProject(parent);
}
