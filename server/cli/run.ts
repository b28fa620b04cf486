import { CommanderError } from 'commander';
import { EXIT, type ExitCode } from './cli-error.js';
import { describeFailure, endOnDefects } from './failure.js';
import { whenReaderLeaves } from './output.js';
import { createProgram } from './program.js';

/** Runs one command line, as in `process.argv`, and resolves with the exit code. Never rejects. */
export async function run(argv: readonly string[]): Promise<ExitCode> {
  whenReaderLeaves('end');
  endOnDefects(tell);
  try {
    if (argv[2] === '--version' || argv[2] === '-V') {
      const { versionLine } = await import('./version.js');
      process.stdout.write(`${await versionLine()}\n`);
      return EXIT.ok;
    }
    let exitCode: ExitCode = EXIT.ok;
    await createProgram((code) => {
      exitCode = code;
    }).parseAsync(argv);
    return exitCode;
  } catch (error) {
    // commander has printed its help or its complaint.
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    return tell(error);
  }
}

function tell(error: unknown): ExitCode {
  const { lines, exitCode, isDefect } = describeFailure(error);
  for (const line of lines) process.stderr.write(`odradek: ${line}\n`);
  if (isDefect && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return exitCode;
}
