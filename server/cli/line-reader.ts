import { CliError } from './cli-error.js';

const NEWLINE = 0x0a;

/**
 * Cuts bytes into lines. Yields the lines that each chunk completes, without their newline, as
 * views on the chunks; text behind the last newline is a line, too. Throws a CliError for a line
 * over `lineBytesMax`, so that memory stays bounded.
 */
export async function* readLines(
  chunks: AsyncIterable<Buffer>,
  lineBytesMax: number,
): AsyncGenerator<Buffer[], void> {
  let begun: Buffer[] = [];
  let begunBytes = 0;
  let lineCount = 0;
  for await (const chunk of chunks) {
    const lines: Buffer[] = [];
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
      const end = chunk.subarray(from, at);
      lines.push(begun.length === 0 ? end : Buffer.concat([...begun, end]));
      begun = [];
      begunBytes = 0;
      from = at + 1;
    }
    lineCount += lines.length;
    if (from < chunk.length) {
      begun.push(chunk.subarray(from));
      begunBytes += chunk.length - from;
    }
    if (begunBytes > lineBytesMax) {
      throw new CliError(
        `line ${lineCount + 1} has over ${lineBytesMax} bytes, more than a record may: is it text, one record a line?`,
      );
    }
    if (lines.length > 0) yield lines;
  }
  if (begun.length > 0) yield [Buffer.concat(begun)];
}
