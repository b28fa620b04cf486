import { shown } from '../answers.js';
import { CliError, EXIT } from '../cli-error.js';
import { parseBootstrap } from '../client.js';
import { printDone, printReport, type ReportOptions } from '../report.js';
import { type Profiles, profilePath, readProfiles, writeProfiles } from './profile-file.js';

const NAME = /^[\w.-]{1,64}$/;

/** Keeps an address under a name, which becomes the current profile. */
export async function createProfile(
  name: string,
  options: ReportOptions & { readonly bootstrapServer?: string },
): Promise<void> {
  const { bootstrapServer } = options;
  if (!NAME.test(name)) {
    throw new CliError(
      `${JSON.stringify(name)} is no name of a profile: letters, digits, ".", "_" and "-" are`,
      EXIT.usage,
    );
  }
  if (bootstrapServer === undefined) {
    throw new CliError('which broker? Name it with --bootstrap-server', EXIT.usage);
  }
  parseBootstrap(bootstrapServer);
  await change(({ profiles }) => {
    if (profiles.some((each) => each.name === name)) {
      throw new CliError(
        `there is a profile ${name} already: delete it first, or take another name`,
      );
    }
    return { current: name, profiles: [...profiles, { name, bootstrapServer }] };
  });
  printDone(`Created profile ${name}, which is the current one.`, { profile: name }, options);
}

/** Prints the profiles, and which is the current one. */
export async function listProfiles(options: ReportOptions): Promise<void> {
  const { current, profiles } = await readProfiles(profilePath(process.env));
  await printReport(
    profiles.map((profile) => ({ ...profile, current: profile.name === current })),
    [
      { title: 'PROFILE', cell: ({ name }) => shown(name) },
      { title: 'BOOTSTRAP-SERVER', cell: ({ bootstrapServer }) => shown(bootstrapServer) },
      { title: 'CURRENT', cell: (profile) => (profile.current ? '*' : '') },
    ],
    options,
  );
}

/** Makes a profile the current one. */
export async function useProfile(name: string, options: ReportOptions): Promise<void> {
  await change((profiles) => ({ ...profiles, current: known(profiles, name) }));
  printDone(`Using profile ${name}.`, { profile: name }, options);
}

/** Forgets a profile. If it was the current one, there is none then. */
export async function deleteProfile(name: string, options: ReportOptions): Promise<void> {
  let wasCurrent = false;
  await change((before) => {
    known(before, name);
    wasCurrent = before.current === name;
    const profiles = before.profiles.filter((each) => each.name !== name);
    return { current: wasCurrent ? null : before.current, profiles };
  });
  const rest = wasCurrent ? ' No profile is the current one now.' : '';
  printDone(`Deleted profile ${name}.${rest}`, { profile: name, deleted: true }, options);
}

async function change(by: (before: Profiles) => Profiles): Promise<void> {
  const path = profilePath(process.env);
  await writeProfiles(path, by(await readProfiles(path)));
}

function known({ profiles }: Profiles, name: string): string {
  if (profiles.some((each) => each.name === name)) return name;
  throw new CliError(
    `there is no profile ${shown(name)}: "odradek profile list" shows those that there are`,
  );
}
