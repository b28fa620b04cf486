import type { Command } from 'commander';
import { reporting } from './options.js';

const PROFILE_EXAMPLES = `
Examples:
  odradek profile create staging -b kafka.staging.example:9092
  odradek profile use local
  odradek topics list --profile staging

They stand in ~/.config/odradek/profiles.json, or in $XDG_CONFIG_HOME/odradek. A command takes the broker of
--bootstrap-server, of --profile, of ODRADEK_BOOTSTRAP_SERVER, of the current profile, or localhost:9092.`;

const EXAMPLES = {
  create: `
Examples:
  odradek profile create local -b localhost:9092`,
  list: `
Examples:
  odradek profile list`,
  use: `
Examples:
  odradek profile use local`,
  delete: `
Examples:
  odradek profile delete staging`,
};

export function define(command: Command): void {
  command.addHelpText('after', PROFILE_EXAMPLES);
  reporting(command.command('create <name>'))
    .description('keep the address of a broker under a name, and use it from now on')
    .option('-b, --bootstrap-server <host:port>', 'where the broker listens')
    .addHelpText('after', EXAMPLES.create)
    .action(async (name: string, options) => {
      const { createProfile } = await import('../profiles/profile.js');
      await createProfile(name, options);
    });
  reporting(command.command('list'))
    .description('print the profiles, and which is the current one')
    .addHelpText('after', EXAMPLES.list)
    .action(async (options) => {
      const { listProfiles } = await import('../profiles/profile.js');
      await listProfiles(options);
    });
  reporting(command.command('use <name>'))
    .description('use a profile from now on')
    .addHelpText('after', EXAMPLES.use)
    .action(async (name: string, options) => {
      const { useProfile } = await import('../profiles/profile.js');
      await useProfile(name, options);
    });
  reporting(command.command('delete <name>'))
    .description('forget a profile')
    .addHelpText('after', EXAMPLES.delete)
    .action(async (name: string, options) => {
      const { deleteProfile } = await import('../profiles/profile.js');
      await deleteProfile(name, options);
    });
}
