import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runCommand, spawnBroker } from '../support/spawn-broker.js';
import { kcat } from './support/kcat.js';
import { available, runs } from './support/tools.js';

const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
const canRun =
  available('kcat', runs('kcat', '-V'), 'apt-get install kcat') &&
  available('root', isRoot, 'a small tmpfs is mounted');

const LARGE_BYTES = 900_000;
/** Room for the small records, and not for the first one. */
const FREE_BYTES = 600_000;
const REFUSED = 'Disk error when trying to access log file on disk';
/** Of the first record and of those that are sent behind it: several times. */
const REFUSALS = 10;

/** A file system of 8 MiB. */
function smallDisk(): string {
  const root = mkdtempSync(join(tmpdir(), 'odradek-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', root]);
  onTestFinished(() => {
    execFileSync('umount', [root]);
    rmSync(root, { recursive: true });
  });
  return root;
}

test.runIf(canRun)(
  'what an idempotent producer of librdkafka sends to a full disk is there once there is room, in order',
  async () => {
    const root = smallDisk();
    const broker = await spawnBroker({ dataDir: join(root, 'data') });
    onTestFinished(async () => void (await broker.kill('SIGTERM')));
    const { bootstrap } = broker;
    await runCommand(['topics', 'create', 't', '--bootstrap-server', bootstrap]);
    const { bavail, bsize } = statfsSync(root);
    const ballast = join(root, 'ballast');
    writeFileSync(ballast, Buffer.alloc(bavail * bsize - FREE_BYTES));

    const small = Array.from({ length: 20 }, (_, at) => `small ${at}`);
    const eachAlone = ['-X', 'batch.num.messages=1', '-X', 'linger.ms=0'];
    const idempotent = ['-X', 'enable.idempotence=true', '-X', 'retry.backoff.ms=50'];
    const producer = spawn(
      'kcat',
      ['-b', bootstrap, '-t', 't', '-P', ...eachAlone, ...idempotent, '-d', 'msg'],
      { stdio: ['pipe', 'ignore', 'pipe'] },
    );
    const ended = once(producer, 'close');
    let told = '';
    producer.stderr.setEncoding('utf8').on('data', (text: string) => {
      told += text;
    });
    producer.stdin.end(`${'x'.repeat(LARGE_BYTES)}\n${small.join('\n')}\n`);
    while (told.split(REFUSED).length <= REFUSALS) await once(producer.stderr, 'data');
    rmSync(ballast);

    expect((await ended)[0]).toBe(0);
    const read = await kcat(['-b', bootstrap, '-t', 't', '-C', '-o', 'beginning', '-e', '-q']);
    const values = String(read).trimEnd().split('\n');
    expect(values.map((value) => (value.length === LARGE_BYTES ? 'large' : value))).toEqual([
      'large',
      ...small,
    ]);
  },
);
