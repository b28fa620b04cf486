import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { lookupApi } from '../../../server/handlers/apis.js';
import type { Api } from '../../../server/protocol/api.js';

interface Example {
  readonly api: Api;
  readonly version: number;
  /** Without its size prefix. */
  readonly request: Buffer;
  readonly response: Buffer;
}

/** What clients of other projects sent, and were answered: `test/wire`. */
export const EXAMPLES: readonly Example[] = examples();

export const FRAMES: readonly Buffer[] = EXAMPLES.map(({ request }) => request);

function examples(): Example[] {
  const folder = resolve('test/wire');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => readFileSync(resolve(folder, name), 'utf8').trimEnd().split('\n'))
    .map((line) => {
      const { version, request, response } = JSON.parse(line) as Record<string, string>;
      const frame = Buffer.from(request!, 'hex');
      const api = lookupApi(frame.readInt16BE(0))!;
      return {
        api,
        version: Number(version),
        request: frame,
        response: Buffer.from(response!, 'hex'),
      };
    });
}
