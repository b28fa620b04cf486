import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** The codecs that this kcat was built with. */
export function codecsOfKcat(): string[] {
  const { stdout, stderr } = spawnSync('kcat', ['-V'], { encoding: 'utf8' });
  const features = /builtin\.features=(\S+?)\)/.exec(stdout + stderr)?.[1]?.split(',') ?? [];
  return ['none', ...['gzip', 'snappy', 'lz4', 'zstd'].filter((codec) => features.includes(codec))];
}

/** Runs kcat to its end; resolves with what it printed. Rejects when it fails. */
export async function kcat(args: readonly string[]): Promise<Buffer> {
  const child = spawn('kcat', [...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const out: Buffer[] = [];
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => {
    errors += String(chunk);
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`kcat ${args.join(' ')} ended with ${code}: ${errors}`);
  return Buffer.concat(out);
}
