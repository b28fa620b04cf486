import { expect, test } from 'vitest';
import type { Log } from '../../../../engine/log/log.js';
import { repairCommand } from '../../../../engine/log/segments/repair-advice.js';
import { batchOf } from '../../../support/batches.js';
import {
  folderOf,
  newWorld,
  openLog,
  openWorld,
  partition,
  type SimWorld,
  stopCleanly,
} from '../../../support/sim-engine.js';

const { topic, partition: number } = partition();
const FILE = `${folderOf()}/00000000000000000000.log`;

interface Line {
  readonly fields: object;
  readonly message: string;
}

/**
 * A log of ten records, one a batch, whose sixth batch is changed at `byte` while the log is
 * closed.
 */
async function damaged(byte: number): Promise<{ log: Log; at: number; lines: Line[] }> {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await openLog(engine, { flush: 'os' });
  for (let n = 0; n < 10; n++) await log.append(batchOf('value'));
  const at = batchOf('value').length * 5;
  const next = await stopCleanly(world, engine);
  await change(next, at + byte);
  const lines: Line[] = [];
  const note = (fields: object, message: string): void => void lines.push({ fields, message });
  const logger = { info: () => {}, warn: () => {}, error: note };
  const reopened = (await openLog(await openWorld(next, { logger }), { flush: 'os' })) as Log;
  return { log: reopened, at, lines };
}

async function change(world: SimWorld, position: number): Promise<void> {
  const file = world.disk.openSync(FILE, 'write');
  file.writevSync([Buffer.from([9])], position);
  await file.close();
}

const MAGIC_AT = 16;

test('reads that damage refuses are told once, with file, byte, offset and the command that helps', async () => {
  const { log, at, lines } = await damaged(MAGIC_AT);
  const request = { maxBytes: 1, minOneBatch: true, isolation: 'high-watermark' } as const;
  for (const offset of [5, 5, 7]) {
    expect(() => log.read({ ...request, offset })).toThrow(
      expect.objectContaining({ code: 'CORRUPT_BATCH' }),
    );
  }
  expect(lines).toEqual([
    {
      fields: { file: FILE, position: at, offset: 5 },
      message:
        `${FILE} is damaged at byte ${at} (offset 5): reads from there to the end of this file are refused (CORRUPT_BATCH); ` +
        `restore the file from a copy, or stop this process and save what can be: odradek repair-log ${folderOf()} --execute`,
    },
  ]);
});

test('appends that damage refuses are told once, likewise', async () => {
  const { log, at, lines } = await damaged(MAGIC_AT);
  for (let n = 0; n < 3; n++) {
    await expect(log.append(batchOf('next'))).rejects.toMatchObject({ code: 'DAMAGED_LOG' });
  }
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({
    fields: { file: FILE, position: at, offset: 5 },
    message: expect.stringMatching(
      /\(offset 5\): appends are refused .* odradek repair-log \S+ --execute$/,
    ),
  });
});

test('the command is one that a shell takes, whatever the path', () => {
  expect(repairCommand('/data', topic, number)).toBe(
    `odradek repair-log /data/${topic}-${number} --execute`,
  );
  expect(repairCommand("/my data/it's", 't', 0)).toBe(
    `odradek repair-log '/my data/it'\\''s/t-0' --execute`,
  );
});
