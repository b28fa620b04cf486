import { crc32 as crc32OfZlib } from 'node:zlib';
import { crc32c as crc32cOfPackage } from '@node-rs/crc32';
import { crc32c, crc32cInJavaScript, crc32cSource } from '../../engine/batch/crc32c.js';
import { decompressRecords, walkRecords } from '../../engine/batch/records.js';
import { validateBatch } from '../../engine/batch/validate.js';
import { batchOf } from '../lib/frames.js';
import type { MicroCase } from './suite.js';

const KIB = 1024;
const LIMITS = { maxBatchBytes: 2 * 1024 * KIB };

/**
 * Judging a batch, and its checksum. `zlib.crc32` has another polynomial: it shows what Node itself
 * could do.
 */
export async function batchCases(): Promise<MicroCase[]> {
  const cases: MicroCase[] = [];
  for (const [recordBytes, batchKiB] of [
    [100, 64],
    [1024, 64],
    [100, 1],
  ] as const) {
    const { bytes } = await batchOf({ recordBytes, batchBytes: batchKiB * KIB });
    const payload = await decompressRecords(bytes, LIMITS.maxBatchBytes);
    cases.push({
      id: `validate-${batchKiB}k-${recordBytes}b`,
      title: `Batch validation, ${batchKiB} KiB of ${recordBytes} B records`,
      bytes: bytes.length,
      ways: {
        header: () => validateBatch(bytes, LIMITS),
        'every record': () => {
          let records = validateBatch(bytes, LIMITS) === null ? 0 : -1;
          for (const record of walkRecords(payload, bytes)) records += record.value ? 1 : 0;
          return records;
        },
      },
    });
  }
  for (const size of [200, KIB, 16 * KIB, 64 * KIB]) {
    const bytes = Buffer.alloc(size, 'odradek');
    cases.push({
      id: `crc32c-${size}b`,
      title: `CRC-32C of ${size} B`,
      bytes: size,
      ways: {
        [crc32cSource()]: () => crc32c(bytes),
        '@node-rs/crc32': () => crc32cOfPackage(bytes),
        JavaScript: () => crc32cInJavaScript(bytes),
        'zlib.crc32 (IEEE)': () => crc32OfZlib(bytes),
      },
    });
  }
  return cases;
}
