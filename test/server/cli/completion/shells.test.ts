import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { Client } from '../../../../server/cli/client.js';
import { connectCoordinator } from '../../../../server/cli/coordinator.js';
import { commitOffsets } from '../../../../server/cli/group-offsets.js';
import { cliBroker } from '../../../support/cli-broker.js';
import { MAIN, runCommand } from '../../../support/spawn-broker.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

/** Groups may be named anything. Each command would make a file named `pwned`. */
const GROUPS = [
  '$(touch pwned)',
  '*',
  "it's",
  '`touch pwned`',
  'a b;touch pwned',
  '"; touch pwned; "',
  "'; touch pwned; '",
  '~',
  '$HOME',
  '-dash',
  'team:billing',
  '\\',
  '%s!!#',
  'grün',
];

async function shells() {
  const { broker, run } = await cliBroker();
  for (const topic of ['orders.eu', 'orders-us', 'orders_x']) await run('topics', 'create', topic);
  const client = await Client.connect({ bootstrap: broker.bootstrap });
  for (const group of GROUPS) {
    const coordinator = await connectCoordinator(client, group);
    await commitOffsets(coordinator, group, new Map([['orders.eu', new Map([[0, 0]])]]));
    coordinator.close();
  }
  client.close();
  const folder = temporaryFolder();
  const bin = join(folder, 'bin');
  const cwd = join(folder, 'cwd');
  mkdirSync(bin);
  mkdirSync(cwd);
  writeFileSync(join(bin, 'odradek'), `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`, {
    mode: 0o755,
  });
  const env = {
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH}`,
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    ODRADEK_BOOTSTRAP_SERVER: broker.bootstrap,
    LC_ALL: 'C.UTF-8',
  };
  return {
    /** What a script prints, a null byte behind each. The broker is in this process. */
    shell: async (name: string, script: string): Promise<string[]> => {
      const { stdout } = await promisify(execFile)(name, ['-c', script], { cwd, env });
      return stdout.split('\0').slice(0, -1);
    },
    wasRun: () => existsSync(join(cwd, 'pwned')),
  };
}

const has = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0;
const TOPICS = ['orders-us', 'orders.eu', 'orders_x'];

/** Prints what is inserted, and then what bash makes of it. */
const BASH = (line: string) => `
eval "$(odradek completion bash)"
COMP_LINE=${quote(line)}; COMP_POINT=\${#COMP_LINE}
_odradek 2>/dev/null
for each in "\${COMPREPLY[@]}"; do eval "set -- $each"; printf '%s\\0' "$#" "$@"; done`;

test('bash completes names of any kind, and runs none of them', async () => {
  const { shell, wasRun } = await shells();
  const words = await shell('bash', BASH('odradek groups describe '));
  expect(words.filter((_, at) => at % 2 === 0)).toEqual(GROUPS.map(() => '1'));
  expect(words.filter((_, at) => at % 2 === 1).sort()).toEqual([...GROUPS].sort());
  const topics = await shell('bash', BASH('odradek consume orders'));
  expect(topics).toEqual(TOPICS.flatMap((topic) => ['1', topic]));
  expect(await shell('bash', BASH('odradek consume $(touch pwned) --group te'))).toEqual([
    ...['1', 'team:billing'],
  ]);
  expect(await shell('bash', BASH('odradek nonsense $(touch pwned) "'))).toEqual([]);
  expect(wasRun()).toBe(false);
});

test.skipIf(!has('zsh'))('zsh gets the names as they are, and runs none of them', async () => {
  const { shell, wasRun } = await shells();
  const zsh = (...words: string[]) =>
    shell(
      'zsh',
      `compdef() { }
compadd() { print -rN -- "\${values[@]}" }
_files() { print -rN -- files }
eval "$(odradek completion zsh)"
words=(${words.map(quote).join(' ')}); CURRENT=${words.length}
_odradek; true`,
    );
  expect((await zsh('odradek', 'groups', 'describe', '')).sort()).toEqual([...GROUPS].sort());
  expect(await zsh('odradek', 'consume', '$(touch pwned)', 'or')).toEqual(TOPICS);
  expect(await zsh('odradek', 'dump-log', '')).toEqual(['files']);
  expect(wasRun()).toBe(false);
});

test.skipIf(!has('fish'))('fish gets the names as they are, and runs none of them', async () => {
  const { shell, wasRun } = await shells();
  const fish = (line: string) =>
    shell('fish', `odradek completion fish | source; complete -C ${quote(line)} | string join0`);
  const names = (await fish('odradek groups describe ')).map((each) => each.split('\t')[0]);
  expect(names.filter((each) => each !== '-dash').sort()).toEqual(
    GROUPS.filter((each) => each !== '-dash').sort(),
  );
  expect((await fish('odradek consume or')).sort()).toEqual(TOPICS);
  expect(wasRun()).toBe(false);
});

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

test('where no broker answers, its names are left out without a word', async () => {
  const args = ['completion', 'bash', '--line=odradek consume '];
  const nowhere = { ODRADEK_BOOTSTRAP_SERVER: 'localhost:1' };
  expect(await runCommand(args, nowhere)).toEqual({ code: 0, stdout: '', stderr: '' });
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => void silent.listen(0, 'localhost', resolve));
  onTestFinished(() => void silent.close());
  const { port } = silent.address() as AddressInfo;
  const slow = { ODRADEK_BOOTSTRAP_SERVER: `localhost:${port}` };
  expect(await runCommand(args, slow)).toEqual({ code: 0, stdout: '', stderr: '' });
});

test('an unknown shell is refused', async () => {
  expect(await runCommand(['completion', 'csh'])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('Allowed choices are bash, zsh, fish'),
  });
});
