/**
 * Bytes that were allocated on the JavaScript heap according to the lines of `node --trace-gc`:
 * what each collection found, less what the one before had left. Buffers outside the heap are not
 * in it. Null for fewer than two collections.
 */
export function allocatedBytes(traceGc: string): number | null {
  let left: number | null = null;
  let allocated = 0;
  let collections = 0;
  for (const line of traceGc.split('\n')) {
    const [, found, kept] = / ms: [^\d]+([\d.]+) \([\d.]+\) -> ([\d.]+) \(/.exec(line) ?? [];
    if (found === undefined) continue;
    if (left !== null) allocated += Math.max(0, Number(found) - left);
    left = Number(kept);
    collections++;
  }
  return collections < 2 ? null : allocated * 1024 ** 2;
}
