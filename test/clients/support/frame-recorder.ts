import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lookupApi } from '../../../server/handlers/apis.js';
import { FrameParser } from '../../../server/net/receiving/framing.js';
import type { ConnectionTap } from './relay.js';

/**
 * A request and its answer, without their size prefixes, in hex. One line of a file in
 * `test/wire/`.
 */
export interface WireExample {
  readonly api: string;
  readonly version: number;
  readonly request: string;
  readonly response: string;
}

/** The largest example that is kept where there is a choice, in bytes of both frames. */
const EXAMPLE_BYTES_MAX = 1024;

interface Pair {
  readonly request: Buffer;
  readonly response: Buffer;
}

/** Keeps one request and its answer for each (API, version) that goes by. */
export class FrameRecorder {
  readonly #examples = new Map<string, WireExample & { readonly bytes: number }>();

  tap(): ConnectionTap {
    const waiting = new Map<number, Buffer>();
    const requests = parser();
    const responses = parser();
    return {
      toBroker: (chunk) =>
        requests.push(chunk, (request) => waiting.set(request.readInt32BE(4), request)),
      toClient: (chunk) =>
        responses.push(chunk, (response) => {
          const request = waiting.get(response.readInt32BE(0));
          waiting.delete(response.readInt32BE(0));
          if (request !== undefined) this.#keep({ request, response });
        }),
    };
  }

  /**
   * Writes what was seen to `<folder>/<client>.jsonl`, sorted, and leaves other clients' files
   * alone.
   */
  write(folder: string, client: string): void {
    const lines = [...this.#examples.values()]
      .sort((a, b) => a.api.localeCompare(b.api) || a.version - b.version)
      .map(({ bytes: _, ...example }) => JSON.stringify(example));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${client}.jsonl`), `${lines.join('\n')}\n`);
  }

  #keep({ request, response }: Pair): void {
    const api = lookupApi(request.readInt16BE(0))?.name;
    const version = request.readInt16BE(2);
    if (api === undefined) return;
    const key = `${api} ${version}`;
    const bytes = request.length + response.length;
    const known = this.#examples.get(key)?.bytes;
    if (known !== undefined && !isBetter(bytes, known)) return;
    const example = {
      api,
      version,
      request: request.toString('hex'),
      response: response.toString('hex'),
    };
    this.#examples.set(key, { ...example, bytes });
  }
}

/** The largest that is still small: it has the most fields in it. */
function isBetter(bytes: number, known: number): boolean {
  return known > EXAMPLE_BYTES_MAX ? bytes < known : bytes > known && bytes <= EXAMPLE_BYTES_MAX;
}

function parser(): FrameParser {
  return new FrameParser({ sizeMin: 4, sizeMax: 128 * 1024 * 1024, allocateAtOnceBytes: 65_536 });
}
