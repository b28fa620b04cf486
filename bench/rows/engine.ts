import type { AppendAnswer, AppendTask } from '../floors/engine-append.js';
import { lastWords, startChild } from '../lib/children.js';
import { type Context, pairsFor } from '../lib/context.js';
import { BROKER_CORE } from '../lib/driver.js';
import { syncAll } from '../lib/machine.js';
import { voided } from '../lib/outcome.js';
import { programPath } from '../lib/paths.js';
import type { Sample } from '../lib/row.js';
import type { RowPlan } from '../lib/runner.js';
import { sliceOrder } from '../lib/statistics.js';
import { pinned } from '../lib/tools.js';

const KIB = 1024;
const SIDES = { engine: 'Engine', floor: 'write + CRC' } as const;
type SideName = keyof typeof SIDES;

/** One process that appends, by the engine or by its floor. */
export async function appendSlice(
  context: Context,
  side: SideName,
  shape: Pick<AppendTask, 'batchBytes' | 'waiters' | 'flush'>,
): Promise<Sample> {
  const { leadInMs, sliceMs, fileBytesMax } = context.scale;
  const folder = context.newFolder(`${side}-${performance.now()}`);
  const task: AppendTask = {
    ...shape,
    side,
    folder,
    leadInMs,
    durationMs: sliceMs,
    bytesMax: fileBytesMax,
  };
  syncAll();
  const child = await startChild(
    pinned(BROKER_CORE, [
      process.execPath,
      programPath('floors/engine-append'),
      JSON.stringify(task),
    ]),
  );
  const { code } = await child.exited;
  if (code !== 0) throw voided(`${SIDES[side]}: ${lastWords(child)}`);
  const line = child.output().trim().split('\n').at(-1) ?? '';
  const { batches, batchBytes, seconds, cpuMs } = JSON.parse(line) as AppendAnswer;
  const bytes = batches * batchBytes;
  return {
    throughputMBs: bytes / 1e6 / seconds,
    requestsPerS: batches / seconds,
    cpuSPerGB: cpuMs / 1e3 / (bytes / 1e9),
  };
}

function appendRow(batchKiB: number, waiters: number, flush: 'os' | 'ack'): RowPlan {
  const isScored = batchKiB === 64 && flush === 'os' && waiters === 8;
  return {
    id: `engine/append-${batchKiB}k-${waiters}w-${flush}`,
    title: `Engine append, ${batchKiB} KiB batches, ${waiters} under way, ${flush}, beside write + CRC`,
    conditions: {
      batches: `${batchKiB} KiB of 1 KiB records`,
      'under way': waiters,
      flush: flush === 'ack' ? 'ack beside a sync of the same group' : 'os',
      process: 'one for each slice, pinned',
    },
    seconds: isScored ? 100 : 50,
    async run(context) {
      const names = Object.keys(SIDES) as SideName[];
      const samples: Record<SideName, Sample[]> = { engine: [], floor: [] };
      for (const order of sliceOrder(pairsFor(context.scale, isScored), names)) {
        for (const side of order) {
          samples[side].push(
            await appendSlice(context, side, { batchBytes: batchKiB * KIB, waiters, flush }),
          );
        }
      }
      return {
        sides: names.map((side) => ({ name: SIDES[side], samples: samples[side] })),
        comparisons: [
          {
            metric: 'throughputMBs',
            ours: SIDES.engine,
            theirs: SIDES.floor,
            ...(isScored ? { threshold: { direction: 'at-least', value: 0.8 } as const } : {}),
          },
          { metric: 'cpuSPerGB', ours: SIDES.engine, theirs: SIDES.floor },
        ],
      };
    },
  };
}

export const engineRows = {
  asked: [appendRow(64, 8, 'os')],
  others: [
    appendRow(64, 1, 'os'),
    appendRow(1, 64, 'os'),
    appendRow(64, 8, 'ack'),
    appendRow(1, 64, 'ack'),
  ],
} as const satisfies Record<string, readonly RowPlan[]>;
