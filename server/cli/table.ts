import { LineWriter } from './output.js';

/**
 * Prints rows under a heading, each column as wide as its widest cell. Cells hold no line breaks.
 */
export async function printTable(
  heading: readonly string[],
  rows: readonly (readonly string[])[],
): Promise<void> {
  const widths = heading.map((name, column) =>
    rows.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), name.length),
  );
  const out = new LineWriter();
  for (const row of [heading, ...rows]) {
    await out.write(
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join(' ')
        .trimEnd(),
    );
  }
  await out.flush();
}
