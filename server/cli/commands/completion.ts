import { type Command, Option } from 'commander';
import type { Shell } from '../completion/answer.js';

const COMPLETION_EXAMPLES = `
Examples:
  eval "$(odradek completion bash)"     in ~/.bashrc
  eval "$(odradek completion zsh)"      in ~/.zshrc, behind compinit
  odradek completion fish > ~/.config/fish/completions/odradek.fish

Names of topics and groups come from the broker that the line names, or that other commands would ask.`;

export function define(command: Command): void {
  command.registeredArguments[0]?.choices(['bash', 'zsh', 'fish']);
  command
    .addOption(new Option('--line <text>', 'print what may follow this, for scripts').hideHelp())
    .addHelpText('after', COMPLETION_EXAMPLES)
    .action(async (shell: Shell, { line }: { readonly line?: string }) => {
      if (line !== undefined && command.parent !== null) {
        const { complete } = await import('../completion/complete.js');
        return complete(shell, line, command.parent);
      }
      const { SCRIPTS } = await import('../completion/scripts.js');
      process.stdout.write(SCRIPTS[shell]);
    });
}
