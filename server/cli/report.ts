import { LineWriter } from './output.js';

/** How a command prints what it found. */
export interface ReportOptions {
  /** One object a line, for programs, instead of text for people. */
  readonly json?: boolean;
}

/** A column of a table: its heading, and its cell of a row, which holds no line breaks. */
export interface Column<Row> {
  readonly title: string;
  cell(row: Row): string | number;
  /** Texts that stand at the right, as numbers do. */
  readonly isRight?: boolean;
}

/** Stands for an unknown value. */
export const NOTHING = '-';

/** Prints rows as a table, or as one JSON object a line. */
export async function printReport<Row extends object>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  { json }: ReportOptions,
): Promise<void> {
  await printLines(json ? rows.map((row) => JSON.stringify(row)) : tableLines(rows, columns));
}

export async function printLines(lines: readonly string[]): Promise<void> {
  const out = new LineWriter();
  for (const line of lines) await out.write(line);
  await out.flush();
}

/** Prints a sentence about what was done, or the same as an object. */
export function printDone(sentence: string, done: object, { json }: ReportOptions): void {
  process.stdout.write(`${json ? JSON.stringify(done) : sentence}\n`);
}

/**
 * A heading and a line for each row, each column as wide as its widest cell; columns of numbers
 * stand at the right.
 */
export function tableLines<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
): readonly string[] {
  const texts = columns.map(({ title, cell, isRight }) => {
    const cells = rows.map((row) => cell(row));
    const isNumeric = isRight || cells.some((each) => typeof each === 'number');
    const column = [title, ...cells.map(String)];
    const width = column.reduce((most, text) => Math.max(most, text.length), 0);
    return column.map((text) => (isNumeric ? text.padStart(width) : text.padEnd(width)));
  });
  return [undefined, ...rows].map((_row, at) =>
    texts
      .map((column) => column[at]!)
      .join('  ')
      .trimEnd(),
  );
}
