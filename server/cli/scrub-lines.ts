import { dirname, join } from 'node:path';
import {
  CATALOG_FILE,
  type PartitionFolder,
  repairCommand,
  type ScrubFinding,
} from '../../engine/index.js';
import { counted } from './counted.js';
import { CLI_LIMITS } from './limits.js';
import type { LineWriter } from './output.js';

/** What a scrub has read, and found. */
export interface ScrubSummary {
  /** As it was named. */
  readonly folder: string;
  /** The data directory. */
  readonly root: string;
  /** Whole ones. */
  readonly batches: number;
  readonly segments: number;
  readonly partitions: number;
  /** Places. */
  readonly damaged: number;
  readonly catalog: string;
  /** Whether missing first and last segments cannot be told, without the catalog. */
  readonly isBlind: boolean;
}

/** How `scrub` writes what it finds. */
export interface ScrubLines {
  /** An end that the next start cuts off. */
  torn(finding: ScrubFinding): Promise<void>;
  damage(folder: PartitionFolder, findings: readonly ScrubFinding[]): Promise<void>;
  summary(summary: ScrubSummary): Promise<void>;
}

/** For people, with what to do. */
export function textLines(out: LineWriter): ScrubLines {
  return {
    async torn(finding) {
      await out.write(`${findingLine(finding)}; the next start cuts it off`);
    },
    async damage({ folder, topic, partition }, findings) {
      const shown = findings.slice(0, CLI_LIMITS.problemsShownMax);
      for (const finding of shown) await out.write(findingLine(finding));
      const more = findings.length - shown.length;
      if (more > 0) await out.write(`${folder}: and ${counted(more, 'more place')}`);
      const command = repairCommand(dirname(folder), topic, partition);
      await out.write('  stop the broker, and restore the file from a copy; without one:');
      await out.write(`  ${command.replace(/ --execute$/, '')} says what a repair would lose, and`);
      await out.write(`  ${command} does it`);
      await out.flush();
    },
    async summary({ folder, root, batches, segments, partitions, damaged, catalog, isBlind }) {
      if (isBlind) {
        await out.write(
          `${join(root, CATALOG_FILE)} is ${catalog}: missing first and last segments cannot be told; run 'odradek catalog check ${root}' with the broker stopped`,
        );
      }
      const read = [
        counted(batches, 'whole batch', 'whole batches'),
        counted(segments, 'segment'),
        counted(partitions, 'partition'),
      ];
      const none = isBlind ? 'no damage in what is there' : 'no damage';
      const verdict = damaged === 0 ? none : `DAMAGED in ${counted(damaged, 'place')}`;
      await out.write(`${folder}: ${read.join(', ')}, ${verdict}`);
      await out.flush();
    },
  };
}

/** For programs: every finding, then a summary, each by its `kind`. */
export function objectLines(out: LineWriter): ScrubLines {
  const write = async (object: object): Promise<void> => {
    await out.write(JSON.stringify(object));
  };
  return {
    torn: (finding) => write({ kind: 'torn', ...finding }),
    async damage({ topic, partition }, findings) {
      for (const finding of findings) {
        await write({ kind: 'damage', topic, partition, ...finding });
      }
    },
    async summary({ root: _, isBlind: __, ...summary }) {
      await write({ kind: 'summary', ...summary });
      await out.flush();
    },
  };
}

function findingLine({ path, position, offset, problem }: ScrubFinding): string {
  return `${path}: byte ${position} (offset ${offset}): ${problem}`;
}
