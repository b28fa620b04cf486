import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { bootstrapOf } from '../../../../server/cli/profiles/bootstrap.js';
import { profilePath } from '../../../../server/cli/profiles/profile-file.js';
import { odradek } from '../../../support/cli-broker.js';
import { startTestBroker } from '../../../support/start-broker.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';

let config: string;
beforeEach(() => {
  config = temporaryFolder();
  vi.stubEnv('XDG_CONFIG_HOME', config);
  vi.stubEnv('ODRADEK_BOOTSTRAP_SERVER', '');
});
afterEach(() => void vi.unstubAllEnvs());

const profile = (...args: string[]) => odradek('profile', ...args);
const from = (options = {}) => bootstrapOf(options, process.env);

test('profiles are made, listed, used and deleted', async () => {
  expect(await profile('create', 'local', '-b', 'localhost:9092')).toMatchObject({ code: 0 });
  expect(await profile('create', 'far', '-b', 'a:1,b:2')).toEqual({
    code: 0,
    stdout: 'Created profile far, which is the current one.\n',
    stderr: '',
  });
  expect((await profile('list')).stdout).toBe(
    [
      'PROFILE  BOOTSTRAP-SERVER  CURRENT',
      'local    localhost:9092',
      'far      a:1,b:2           *',
      '',
    ].join('\n'),
  );
  expect(await profile('use', 'local')).toMatchObject({ stdout: 'Using profile local.\n' });
  expect((await profile('list', '--json')).stdout).toContain(
    '{"name":"local","bootstrapServer":"localhost:9092","current":true}\n',
  );
  expect((await profile('delete', 'local')).stdout).toBe(
    'Deleted profile local. No profile is the current one now.\n',
  );
  expect(readdirSync(join(config, 'odradek'))).toEqual(['profiles.json']);
  expect(JSON.parse(readFileSync(join(config, 'odradek/profiles.json'), 'utf8'))).toEqual({
    current: null,
    profiles: [{ name: 'far', bootstrapServer: 'a:1,b:2' }],
  });
});

test('the command line goes before the environment, and that before the current profile', async () => {
  expect(await from()).toEqual({ bootstrap: 'localhost:9092', origin: '' });
  await profile('create', 'one', '-b', 'one:1');
  await profile('create', 'two', '-b', 'two:2');
  expect(await from()).toEqual({ bootstrap: 'two:2', origin: ', as the profile two says' });
  vi.stubEnv('ODRADEK_BOOTSTRAP_SERVER', 'env:3');
  expect(await from()).toMatchObject({ bootstrap: 'env:3' });
  expect(await from({ profile: 'one' })).toMatchObject({ bootstrap: 'one:1' });
  expect(await from({ bootstrapServer: 'flag:4' })).toMatchObject({ bootstrap: 'flag:4' });
});

test('commands use the broker of the profile, and say so where it does not answer', async () => {
  const broker = await startTestBroker();
  await profile('create', 'test', '-b', broker.bootstrap);
  expect(await odradek('topics', 'list')).toEqual({ code: 0, stdout: '', stderr: '' });
  await broker.close();
  expect((await odradek('topics', 'list')).stderr).toContain(
    `no broker answers at ${broker.bootstrap}, as the profile test says (ECONNREFUSED)`,
  );
});

test.each([
  [['create', '../x', '-b', 'a:1'], 2, '"../x" is no name of a profile'],
  [['create', 'a'], 2, 'which broker? Name it with --bootstrap-server'],
  [['create', 'a', '-b', 'a:b'], 2, 'is not HOST:PORT'],
  [['create', 'here', '-b', 'a:1'], 1, 'there is a profile here already'],
  [['use', 'gone'], 1, 'there is no profile gone'],
  [['delete', '__proto__'], 1, 'there is no profile __proto__'],
])('%j ends with %d and one line', async (args, code, why) => {
  await profile('create', 'here', '-b', 'here:1');
  const result = await profile(...args);
  expect(result).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(why) });
  expect(await from()).toMatchObject({ bootstrap: 'here:1' });
});

test('two answers to one question, or a profile that is not there, end with 2', async () => {
  expect(await odradek('topics', 'list', '-b', 'a:1', '--profile', 'b')).toMatchObject({
    code: 2,
    stderr: 'odradek: --bootstrap-server and --profile exclude each other\n',
  });
  expect(await odradek('topics', 'list', '--profile', 'b')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('there is no profile b'),
  });
});

test.each(['{', 'null', '[]', '{"profiles":[{"name":1}]}', '{"current":"a","profiles":[]}'])(
  'a file that holds %s is named, and nothing is lost',
  async (text) => {
    const path = profilePath(process.env);
    mkdirSync(join(config, 'odradek'));
    writeFileSync(path, text);
    const { code, stderr } = await profile('create', 'a', '-b', 'a:1');
    expect(code).toBe(1);
    expect(stderr).toContain(`${path} holds no profiles of odradek`);
    expect(readFileSync(path, 'utf8')).toBe(text);
  },
);

test('without an absolute XDG_CONFIG_HOME they stand below the home', () => {
  const usual = join(homedir(), '.config/odradek/profiles.json');
  expect(profilePath({})).toBe(usual);
  expect(profilePath({ XDG_CONFIG_HOME: 'relative' })).toBe(usual);
});
