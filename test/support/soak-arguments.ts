import { type ParseArgsConfig, parseArgs } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;
type Values<O extends Options> = ReturnType<typeof parseArgs<{ options: O }>>['values'];

/** What a command line asks for: a run with these values, or lines to print and a way to end. */
export type SoakArguments<O extends Options> =
  | { readonly kind: 'run'; readonly values: Values<O> }
  | { readonly kind: 'end'; readonly text: string; readonly exitCode: 0 | 2 };

/**
 * Reads the options of a soak. `--help` prints `help`; what is unknown, or what `problemOf` finds
 * wrong with the values, is one line and exit code 2.
 */
export function soakArguments<O extends Options>(
  args: readonly string[],
  options: O,
  help: string,
  problemOf: (values: Values<O>) => string | null,
): SoakArguments<O> {
  if (args.includes('--help') || args.includes('-h'))
    return { kind: 'end', text: help, exitCode: 0 };
  let values: Values<O>;
  try {
    ({ values } = parseArgs({ args: [...args], options }));
  } catch (error) {
    return refusal((error as Error).message.split('. ')[0]!);
  }
  const problem = problemOf(values);
  return problem === null ? { kind: 'run', values } : refusal(problem);
}

/**
 * Null where the option is left out or a whole number from `min` on; else what is wrong with it.
 */
export function numberProblem(name: string, text: string | undefined, min: number): string | null {
  if (text === undefined || (/^\d{1,15}$/.test(text) && Number(text) >= min)) return null;
  return `--${name} is a whole number from ${min} on, not '${text}'`;
}

function refusal(problem: string): SoakArguments<never> {
  return { kind: 'end', text: `${problem}; --help says what there is\n`, exitCode: 2 };
}

/** Ends the process with the text, on stdout where it was asked for. */
export function endWith({ text, exitCode }: { text: string; exitCode: number }): never {
  (exitCode === 0 ? process.stdout : process.stderr).write(text);
  process.exit(exitCode);
}
