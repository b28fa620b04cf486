import { types } from 'node:util';

import { EXIT, type ExitCode } from './cli-error.js';
import { describeFailure, endOnDefects } from './failure.js';
import { whenReaderLeaves } from './output.js';
import { plainStart } from './plain-start.js';

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
    const options = plainStart(argv.slice(2));
    if (options !== null) {
      const { start } = await import('./start.js');
      return await start(options);
    }
    // Loaded here because commander takes 8 ms, which the usual start need not pay.
    const { runProgram } = await import('./program.js');
    return await runProgram(argv);
  } catch (error) {
    return tell(error);
  }
}

function tell(error: unknown): ExitCode {
  const { lines, exitCode, isDefect } = describeFailure(error);
  for (const line of lines) process.stderr.write(`odradek: ${line}\n`);
  if (isDefect && types.isNativeError(error)) process.stderr.write(`${error.stack}\n`);
  return exitCode;
}
