import { expect, test } from 'vitest';
import { EngineError } from '../../../engine/index.js';
import { CliError, EXIT } from '../../../server/cli/cli-error.js';
import { describeFailure } from '../../../server/cli/failure.js';
import { ListenError } from '../../../server/net/listener.js';
import { SettingsError } from '../../../server/settings/parse.js';

function systemError(code: string, path?: string): Error {
  const fields = { code, errno: -1, syscall: 'open', ...(path && { path }) };
  return Object.assign(new Error(`${code}: it failed`), fields);
}

test.each<[string, unknown, string, number]>([
  ['a mistake in usage', new CliError('no', EXIT.usage), 'no', 2],
  ['settings', new SettingsError(['a is wrong']), 'a is wrong', 2],
  ['the engine', new EngineError('DIRECTORY_LOCKED', '/d is in use'), '/d is in use', 1],
  [
    'a port in use',
    new ListenError({ host: '127.0.0.1', port: 9092 }, systemError('EADDRINUSE'), 77),
    '127.0.0.1:9092 is in use by process 77: stop that program, or choose another port, such as --set listeners=PLAINTEXT://localhost:9093',
    1,
  ],
  [
    'a port that needs privileges',
    new ListenError({ host: '::1', port: 92 }, systemError('EACCES'), null),
    'cannot listen on [::1]:92: EACCES: it failed: ports below 1024 need privileges: choose a higher one in listeners',
    1,
  ],
  [
    'a file that may not be read',
    systemError('EACCES', '/d/file'),
    '/d/file: permission denied: run as a user who may use it, or choose another path (EACCES)',
    1,
  ],
  ['a system error without advice', systemError('EWHAT', '/d'), '/d: EWHAT: it failed (EWHAT)', 1],
])('%s is told on one line with what to do', (_, error, line, exitCode) => {
  expect(describeFailure(error)).toEqual({ lines: [line], exitCode, isDefect: false });
});

test('several problems with settings are a line each', () => {
  expect(describeFailure(new SettingsError(['a', 'b'])).lines).toEqual(['a', 'b']);
});

test.each([new TypeError('x is not a function'), 'a text', undefined, { code: 'EIO' }])(
  'whatever else is thrown is a defect, with 1: %s',
  (error) => {
    const { lines, exitCode, isDefect } = describeFailure(error);
    expect({ exitCode, isDefect }).toEqual({ exitCode: 1, isDefect: true });
    expect(lines).toEqual([expect.stringContaining('this is a defect of odradek')]);
  },
);
