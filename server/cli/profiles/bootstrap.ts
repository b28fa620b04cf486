import { shown } from '../answers.js';
import { CliError, EXIT } from '../cli-error.js';
import { profilePath, readProfiles } from './profile-file.js';

/** What the command line says of the broker. */
export interface BootstrapOptions {
  readonly bootstrapServer?: string;
  /** The name of a profile. */
  readonly profile?: string;
}

export interface Bootstrap {
  readonly bootstrap: string;
  /** Who says so, for a message; empty where the user sees it on the command line. */
  readonly origin: string;
}

const DEFAULT = 'localhost:9092';

/**
 * The broker to connect to. The strongest first: `--bootstrap-server`, `--profile`,
 * `ODRADEK_BOOTSTRAP_SERVER`, the current profile, `localhost:9092`.
 */
export async function bootstrapOf(
  { bootstrapServer, profile }: BootstrapOptions,
  environment: NodeJS.ProcessEnv,
): Promise<Bootstrap> {
  if (bootstrapServer !== undefined && profile !== undefined) {
    throw new CliError('--bootstrap-server and --profile exclude each other', EXIT.usage);
  }
  if (bootstrapServer !== undefined) return { bootstrap: bootstrapServer, origin: '' };
  const fromEnvironment = environment.ODRADEK_BOOTSTRAP_SERVER ?? '';
  if (profile === undefined && fromEnvironment !== '') {
    return { bootstrap: fromEnvironment, origin: ', as ODRADEK_BOOTSTRAP_SERVER says' };
  }
  const { current, profiles } = await readProfiles(profilePath(environment));
  const wanted = profile ?? current;
  if (wanted === null) return { bootstrap: DEFAULT, origin: '' };
  const found = profiles.find(({ name }) => name === wanted);
  if (found === undefined) {
    throw new CliError(
      `there is no profile ${shown(wanted)}: "odradek profile list" shows those that there are`,
      EXIT.usage,
    );
  }
  return { bootstrap: found.bootstrapServer, origin: `, as the profile ${shown(wanted)} says` };
}
