import type { ByteWriter } from './byte-writer.js';
import { CLI_LIMITS } from './limits.js';
import type { PartitionReader } from './partition-reader.js';
import type { RecordFormat } from './record-format.js';

/** The output of a run, and the conditions that end it. */
export interface Printing {
  readonly format: RecordFormat;
  readonly out: ByteWriter;
  /** Records still to be printed. */
  left: number;
  /** Stop at the end of every partition. */
  readonly untilEnd: boolean;
  /** Stop where `--to` says. */
  readonly isBounded: boolean;
  /** Aborted by a signal. */
  readonly stop: AbortSignal;
}

/**
 * Prints the records that one fetch brings, also where it ends in an error. Resolves with whether
 * there is more to do: damage ends a run, with `untilEnd` or bounds when the other partitions are
 * through.
 */
export async function printOnce(reader: PartitionReader, printing: Printing): Promise<boolean> {
  const { format, out, untilEnd, isBounded, stop } = printing;
  const ends = untilEnd || isBounded;
  try {
    if (printing.left > 0 && !(ends && reader.isThrough(untilEnd))) {
      for await (const { record, ...place } of reader.read(
        untilEnd ? 0 : CLI_LIMITS.fetchWaitMs,
        untilEnd,
      )) {
        await out.write(format(record, place));
        printing.left -= 1;
        if (printing.left === 0 || out.readerLeft) break;
      }
    }
  } finally {
    await out.flush();
  }
  const isOver = ends ? reader.isThrough(untilEnd) : reader.damage !== null;
  return printing.left > 0 && !out.readerLeft && !stop.aborted && !isOver;
}
