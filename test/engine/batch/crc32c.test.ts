import { once } from 'node:events';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Crc32c,
  crc32c,
  crc32cInJavaScript,
  crc32cSource,
  selectCrc32c,
} from '../../../engine/batch/crc32c.js';

const require = createRequire(import.meta.url);
const { crc32c: crc32cOfPackage } = require('@node-rs/crc32') as { crc32c: Crc32c };

describe.each([
  ['the CRC-32C in use', crc32c],
  ['the native CRC-32C', crc32cOfPackage],
  ['the JavaScript CRC-32C', crc32cInJavaScript],
])('%s', (_, checksum) => {
  it('gives the published check values', () => {
    expect(checksum(Buffer.from('123456789'))).toBe(0xe3069283);
    // RFC 3720, B.4
    expect(checksum(Buffer.alloc(32))).toBe(0x8a9136aa);
    expect(checksum(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
    expect(checksum(Buffer.from(Array.from({ length: 32 }, (_, i) => i)))).toBe(0x46dd794e);
    expect(checksum(Buffer.alloc(0))).toBe(0);
  });

  it('continues from a seed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
        const head = bytes.subarray(0, cut);
        const tail = bytes.subarray(cut);
        expect(checksum(tail, checksum(head))).toBe(checksum(bytes));
      }),
    );
  });
});

describe('the choice of an implementation', () => {
  const missing = {
    name: 'missing',
    load: (): never => {
      throw new Error('Cannot find native binding');
    },
  };
  const wrong = { name: 'wrong', load: () => () => 1 };
  const wrongWhereLong = {
    name: 'wrong where long',
    load: (): Crc32c => (bytes, seed) => (bytes.length < 1000 ? crc32cOfPackage(bytes, seed) : 1),
  };
  const right = { name: 'right', load: () => crc32cOfPackage };

  it('is the first that loads and gives the check value', () => {
    expect(selectCrc32c([missing, wrong, wrongWhereLong, right])).toEqual({
      name: 'right',
      crc32c: crc32cOfPackage,
    });
  });

  it('is JavaScript, with the same results, if none does', () => {
    const { name, crc32c: fallback } = selectCrc32c([missing, wrong]);
    expect([name, fallback]).toEqual(['javascript', crc32cInJavaScript]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(fallback(bytes)).toBe(crc32c(bytes));
      }),
    );
  });

  it('is a native one here', () => {
    expect(crc32cSource()).toMatch(/^(isa-l|node-rs)$/);
  });

  it('is no matter of koffi on other threads: one that ends while it loads koffi takes the process with it', async () => {
    const module = new URL('../../../dist/engine/batch/crc32c.js', import.meta.url);
    const loaded = `import(${JSON.stringify(module.href)}).then(({ crc32cSource }) => {
      const source = crc32cSource();
      const { cache } = require('node:module').createRequire(${JSON.stringify(module.href)});
      const koffi = Object.keys(cache).filter((path) => path.includes('koffi'));
      require('node:worker_threads').parentPort.postMessage({ source, koffi });
    })`;
    const worker = new Worker(loaded, { eval: true });
    const [message] = await once(worker, 'message');
    expect(message).toEqual({ source: 'node-rs', koffi: [] });
    await worker.terminate();
  });
});
