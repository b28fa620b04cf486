import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Client } from '../../../server/cli/client.js';
import { runCommand } from '../../support/spawn-broker.js';

const ODRADEK = resolve('dist/bin/odradek.cjs');

interface Ready {
  readonly bootstrap: string;
  readonly control: string;
  readonly dataDir: string;
  readonly pid: number;
}

/** The first line of a process, which says where its broker is. */
async function readyLine(child: ChildProcess): Promise<Ready> {
  const lines = createInterface({ input: child.stdout! });
  const [line] = (await once(lines, 'line')) as [string];
  return JSON.parse(line) as Ready;
}

function dev(...args: string[]): ChildProcess {
  const child = spawn(process.execPath, [ODRADEK, 'dev', ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Resolves when the control port ends a connection that is idle: then the broker is closed. */
async function gone({ control }: Ready): Promise<void> {
  const { hostname, port } = new URL(control);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on('error', () => {});
  await once(socket, 'connect');
  await once(socket.resume(), 'close');
}

describe('odradek dev', () => {
  test('says in one line of JSON where it is, and ends with its stdin', async () => {
    const child = dev('--topic', 'orders:3', '--set', 'num.partitions=2', '--versions', '2.8');
    const ready = await readyLine(child);
    expect(ready).toMatchObject({
      bootstrap: expect.stringMatching(/^localhost:\d+$/),
      control: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      pid: child.pid,
    });
    const client = await Client.connect({ bootstrap: ready.bootstrap });
    client.close();
    const advanced = await fetch(`${ready.control}/clock/advance`, {
      method: 'POST',
      body: '{"by":"7d"}',
    });
    expect(advanced.status).toBe(200);
    const records = await fetch(`${ready.control}/records?topic=orders`);
    expect(await records.json()).toEqual({ records: [] });
    expect(existsSync(ready.dataDir)).toBe(true);
    child.stdin!.end();
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(existsSync(ready.dataDir)).toBe(false);
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s ends it and its folder',
    async (signal) => {
      const child = dev();
      const { dataDir } = await readyLine(child);
      child.kill(signal);
      expect(await once(child, 'exit')).toEqual([0, null]);
      expect(existsSync(dataDir)).toBe(false);
    },
  );

  test('with --no-stdin it stays when stdin is closed', async () => {
    const child = dev('--no-stdin');
    const ready = await readyLine(child);
    child.stdin!.end();
    await once(child.stdin!, 'close');
    expect((await fetch(ready.control)).status).toBe(200);
  });

  test('it ends when its parent was killed, and its folder goes', async () => {
    const program = `
      const { spawn } = require('node:child_process');
      spawn(process.execPath, [${JSON.stringify(ODRADEK)}, 'dev'], { stdio: ['ignore', 'inherit', 'inherit'] });
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const ready = await readyLine(parent);
    const ended = gone(ready);
    parent.kill('SIGKILL');
    await ended;
    expect(existsSync(ready.dataDir)).toBe(false);
  });

  test.each([
    [['--port', '99999'], '--port "99999" is no port'],
    [['--set', 'nothing'], '--set "nothing" is not key=value'],
    [['--topic', ':3'], '--topic ":3" is not NAME or NAME:PARTITIONS'],
    [['--topic', 'a b'], 'contains characters'],
    [['--versions', '2.88'], 'there is no release "2.88": did you mean 2.8?'],
    [['--set', 'num.partition=3'], 'num.partitions'],
  ])('%j is refused with 2', async (args, message) => {
    const { code, stderr } = await runCommand(['dev', ...args]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
  });
});
