import { describe, expect, test } from 'vitest';
import { runCommand } from '../../support/spawn-broker.js';

test('--version names node, the platform, whether sendfile is used, and who makes checksums', async () => {
  const { code, stdout, stderr } = await runCommand(['--version']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(
    /^odradek 0\.1\.0 node v\d+\.\d+\.\d+ (linux|darwin)-\w+ sendfile (yes|no) crc32c (isa-l|node-rs|javascript)\n$/,
  );
  const without = await runCommand(['-V'], { ODRADEK_NO_NATIVE: '1' });
  expect(without.stdout).toContain('sendfile no crc32c node-rs');
});

describe('help', () => {
  test.each([
    [['--help'], 'odradek topics create orders'],
    [['start', '--help'], 'odradek start --config server.properties'],
    [['topics', '--help'], 'odradek topics describe orders'],
    [['topics', 'create', '--help'], '--if-not-exists'],
    [['topics', 'list', '--help'], 'odradek topics list'],
    [['topics', 'describe', '--help'], 'odradek topics describe --topic orders'],
    [['topics', 'delete', '--help'], '--if-exists'],
    [['produce', '--help'], 'odradek produce orders --file lines.txt'],
    [['consume', '--help'], 'odradek consume orders'],
    [['groups', '--help'], 'odradek groups list'],
    [['groups', 'reset-offsets', '--help'], '--to-offset 42 --execute'],
    [['dump-log', '--help'], 'odradek dump-log --records'],
    [['scrub', '--help'], 'odradek scrub data/orders-0'],
  ])('of %j has examples and ends with 0', async (args, example) => {
    const { code, stdout, stderr } = await runCommand(args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Examples:');
    expect(stdout).toContain(example);
  });
});

describe('a command line that means nothing ends with 2 and says what was near', () => {
  test.each([
    [['strat'], 'Did you mean start?'],
    [['start', '--confg', 'x'], 'Did you mean --config?'],
    [['start', '--set'], "option '-s, --set <key=value>' argument missing"],
    [['start', '--set', 'num.partitions'], 'expected key=value'],
    [['topics', 'creat', 'x'], 'Did you mean create?'],
    [['topics', 'create'], 'the name of a topic is missing'],
    [['topics', 'create', 'a', '--topic', 'b'], 'two topics are named, a and b'],
    [['topics', 'create', 'a', '--partitions', '0'], 'a whole number from 1 on is expected'],
    [['topics', 'create', 'a', '--config', 'x'], 'expected key=value'],
    [['topics', 'list', '-b', 'localhost:port'], 'is not HOST:PORT'],
    [['dump-log'], "missing required argument 'file'"],
    [[], 'Usage: odradek'],
  ])('%j', async (args, complaint) => {
    const { code, stdout, stderr } = await runCommand(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(complaint);
  });
});
