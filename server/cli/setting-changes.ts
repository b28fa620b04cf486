import { IncrementalAlterConfigs } from '../protocol/messages/incremental-alter-configs.js';
import { CliError, EXIT } from './cli-error.js';
import type { Answer, Client } from './client.js';

/** Changes of settings as the command line has them. */
export interface ChangeOptions {
  /** Each `key=value`. */
  readonly set?: readonly string[];
  /** Each a key, which goes back to its default. */
  readonly delete?: readonly string[];
  /** Each `key=value`: added to a list. */
  readonly append?: readonly string[];
  /** Each `key=value`: taken from a list. */
  readonly subtract?: readonly string[];
}

type Change = Parameters<typeof alterSettings>[2][number];

/** Of a settings request (KIP-339). */
const OPERATION = { set: 0, delete: 1, append: 2, subtract: 3 } as const;

/** The changes, in the order set, delete, append, subtract. Throws a CliError (usage). */
export function settingChanges(options: ChangeOptions): Change[] {
  const changes: Change[] = [];
  for (const operation of ['set', 'append', 'subtract'] as const) {
    for (const text of options[operation] ?? []) {
      const { name, value } = parsePair(`--${operation}`, text);
      changes.push({ name, value, configOperation: OPERATION[operation] });
    }
  }
  for (const name of options.delete ?? []) {
    changes.push({ name, value: null, configOperation: OPERATION.delete });
  }
  return changes;
}

/** `key=value` of the command line. Throws a CliError (usage) that names the option. */
export function parsePair(option: string, text: string): { name: string; value: string } {
  const equals = text.indexOf('=');
  if (equals <= 0) {
    throw new CliError(
      `${option} ${JSON.stringify(text)}: expected key=value, such as ${option} retention.ms=3600000`,
      EXIT.usage,
    );
  }
  return { name: text.slice(0, equals).trim(), value: text.slice(equals + 1) };
}

/** Changes settings of one resource; with `validateOnly` only asks whether it would work. */
export async function alterSettings(
  client: Client,
  resource: { readonly resourceType: number; readonly resourceName: string },
  configs: readonly {
    readonly name: string;
    readonly value: string | null;
    readonly configOperation: number;
  }[],
  validateOnly: boolean,
): Promise<Answer<typeof IncrementalAlterConfigs>['responses'][number]> {
  const { responses } = await client.request(IncrementalAlterConfigs, {
    resources: [{ ...resource, configs: [...configs] }],
    validateOnly,
  });
  const [answer] = responses;
  if (answer === undefined) throw new CliError('the broker answered for another resource');
  return answer;
}
