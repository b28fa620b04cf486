import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Readable, Readable as ReadableStream } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { MAIN } from './spawn-broker.js';

const PEAK_MEMORY = fileURLToPath(new URL('./peak-memory.mjs', import.meta.url));

export interface Piped {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
  /** The most memory that the process had at once. */
  readonly peakBytes: number;
}

/**
 * Runs `odradek` with these arguments to its end, with `input` on its stdin. Its output is handed
 * to `onOutput`, or kept.
 */
export async function pipeCommand(
  args: readonly string[],
  input: Iterable<Buffer | string> = [],
  onOutput?: (chunk: Buffer) => void,
): Promise<Piped> {
  const child = spawn(process.execPath, ['--import', PEAK_MEMORY, MAIN, ...args], {
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  });
  const out: Buffer[] = [];
  let stderr = '';
  let peak = '';
  child.stdout.on('data', onOutput ?? ((chunk: Buffer) => void out.push(chunk)));
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += String(chunk);
  });
  (child.stdio[3] as Readable).on('data', (chunk: Buffer) => {
    peak += String(chunk);
  });
  // A command that fails does not read its input to the end.
  child.stdin.on('error', () => {});
  ReadableStream.from(input).pipe(child.stdin);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout: Buffer.concat(out), stderr, peakBytes: Number(peak) };
}
