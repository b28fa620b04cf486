import { basename } from 'node:path';
import type { Command } from 'commander';
import { ListGroups } from '../../protocol/messages/list-groups.js';
import { Metadata } from '../../protocol/messages/metadata.js';
import { type Client, withClient } from '../client.js';
import { CLI_LIMITS } from '../limits.js';
import { profilePath, readProfiles } from '../profiles/profile-file.js';
import { printLines } from '../report.js';
import { READ_ONLY } from '../topic-partitions.js';
import { answerLines, type Shell } from './answer.js';
import { candidatesFor, type Names } from './candidates.js';
import { splitLine } from './split-line.js';

/**
 * Prints what may stand at the end of a command line, for the script of a shell. A broker that does
 * not answer soon, and whatever else goes wrong, leaves its names out without a word.
 */
export async function complete(shell: Shell, line: string, program: Command): Promise<void> {
  const { words, current } = splitLine(line);
  // Before it may stand variables, or sudo.
  const at = words.findIndex((each) => basename(each) === program.name());
  const candidates = await candidatesFor(program, words.slice(at + 1), current.text, namesOf);
  await printLines(answerLines(shell, candidates, current));
}

function namesOf(options: ReadonlyMap<string, string>): Names {
  return {
    topics: () =>
      ask(options, async (client) => {
        const { topics } = await client.request(Metadata, { topics: null, ...READ_ONLY });
        return topics.flatMap(({ name, isInternal }) => (isInternal || !name ? [] : [name])).sort();
      }),
    groups: () =>
      ask(options, async (client) => {
        const { groups } = await client.request(ListGroups, {});
        return groups.map(({ groupId }) => groupId).sort();
      }),
    profiles: () =>
      silently(async () => {
        const { profiles } = await readProfiles(profilePath(process.env));
        return profiles.map(({ name }) => name);
      }),
  };
}

function ask(
  options: ReadonlyMap<string, string>,
  question: (client: Client) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const bootstrapServer = options.get('bootstrapServer');
  const profile = options.get('profile');
  return silently(() =>
    withClient(
      {
        ...(bootstrapServer !== undefined && { bootstrapServer }),
        ...(profile !== undefined && { profile }),
        timeoutMs: CLI_LIMITS.completionTimeoutMs,
      },
      question,
    ),
  );
}

/** Nothing where it fails, or takes longer than a user waits. */
async function silently(names: () => Promise<readonly string[]>): Promise<readonly string[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<readonly string[]>((resolve) => {
    timer = setTimeout(() => resolve([]), CLI_LIMITS.completionTimeoutMs);
  });
  try {
    return await Promise.race([names(), late]);
  } catch {
    return [];
  } finally {
    clearTimeout(timer);
  }
}
