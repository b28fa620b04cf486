import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { CliError } from '../cli-error.js';

/** A broker, or a cluster, that has a name. */
export interface Profile {
  readonly name: string;
  /** As `--bootstrap-server` takes it. */
  readonly bootstrapServer: string;
}

export interface Profiles {
  /** The name of the profile that counts where nothing else is said. */
  readonly current: string | null;
  /** Each name once. */
  readonly profiles: readonly Profile[];
}

export const NO_PROFILES: Profiles = { current: null, profiles: [] };

/** `$XDG_CONFIG_HOME/odradek/profiles.json`, by default below `~/.config`. */
export function profilePath(environment: NodeJS.ProcessEnv): string {
  const { XDG_CONFIG_HOME: folder = '' } = environment;
  // The specification has relative ones ignored.
  const base = isAbsolute(folder) ? folder : join(homedir(), '.config');
  return join(base, 'odradek', 'profiles.json');
}

/** Without a file there are no profiles. Throws a CliError for a file that is none of ours. */
export async function readProfiles(path: string): Promise<Profiles> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'ENOENT' || code === 'ENOTDIR') return NO_PROFILES;
    throw error;
  }
  const profiles = parsed(text);
  if (profiles !== null) return profiles;
  throw new CliError(
    `${path} holds no profiles of odradek: correct it, or delete it and make them anew with "odradek profile create"`,
  );
}

/** Replaces the file as a whole: a reader sees the old one or the new one. */
export async function writeProfiles(path: string, profiles: Profiles): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const beside = `${path}.${process.pid}`;
  await writeFile(beside, `${JSON.stringify(profiles, null, 2)}\n`, { mode: 0o600 });
  await rename(beside, path);
}

function parsed(text: string): Profiles | null {
  let value: Partial<Profiles> | null;
  try {
    value = JSON.parse(text) as Partial<Profiles> | null;
  } catch {
    return null;
  }
  const { current, profiles } = value ?? {};
  if (!Array.isArray(profiles) || !profiles.every(isProfile)) return null;
  const names = new Set(profiles.map(({ name }) => name));
  if (names.size < profiles.length) return null;
  if (current !== null && (typeof current !== 'string' || !names.has(current))) return null;
  return { current, profiles };
}

function isProfile(value: unknown): value is Profile {
  if (typeof value !== 'object' || value === null) return false;
  const { name, bootstrapServer } = value as Partial<Profile>;
  return typeof name === 'string' && typeof bootstrapServer === 'string';
}
