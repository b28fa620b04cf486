import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { type Crc32c, crc32cInJavaScript } from '../../engine/batch/crc32c.js';
import { loadIsal } from '../../engine/batch/isal.js';
import { runCommand } from '../support/spawn-broker.js';
import { available } from './support/tools.js';

function isalOrNull(): Crc32c | null {
  try {
    return loadIsal(createRequire(import.meta.url)('koffi'));
  } catch {
    return null;
  }
}

const isal = isalOrNull();

describe.runIf(available('isal', isal !== null, 'apt-get install libisal2'))('ISA-L', () => {
  test('gives the published check value', () => {
    expect(isal!(Buffer.from('123456789'))).toBe(0xe3069283);
  });

  test('agrees with our own at many lengths, alignments and seeds', () => {
    const bytes = Buffer.from(
      Array.from({ length: 70_000 }, (_, at) => (at * 167 + (at >> 8)) & 0xff),
    );
    for (let from = 0; from < 17; from++) {
      for (const size of [...Array(600).keys(), 1023, 1024, 1025, 4096, 69_900]) {
        const part = bytes.subarray(from, from + size);
        const seed = Math.imul(from, 0x9e3779b1) >>> 0;
        expect(isal!(part, seed)).toBe(crc32cInJavaScript(part, seed));
      }
    }
  });

  test('makes the checksums of the command, unless koffi is switched off', async () => {
    expect((await runCommand(['--version'])).stdout).toContain('crc32c isa-l');
    const without = await runCommand(['--version'], { ODRADEK_NO_NATIVE: '1' });
    expect(without.stdout).toContain('crc32c node-rs');
  });
});
