import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildBatchSync } from '../../../engine/batch/builder.js';
import { HEADER_SIZE } from '../../../engine/batch/header.js';
import { RecordCursor } from '../../../engine/batch/record-cursor.js';
import { walkRecords } from '../../../engine/batch/records.js';
import { addToTimestamp } from '../../../engine/batch/timestamp.js';

const field = fc.option(fc.uint8Array({ maxLength: 200 }));
const records = fc.array(
  fc.record({
    key: field,
    value: field,
    timestamp: fc.integer({ min: -1, max: 2 ** 40 }),
    headers: fc.array(fc.tuple(fc.string({ maxLength: 5 }), field), { maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 30 },
);

test('sees what the walk that decodes everything sees', () => {
  fc.assert(
    fc.property(records, (inputs) => {
      const batch = buildBatchSync(inputs, { baseOffset: 10 });
      const payload = batch.subarray(HEADER_SIZE);
      const cursor = new RecordCursor(payload, batch);
      let end = 0;
      for (const record of walkRecords(payload, batch)) {
        expect(cursor.next()).toBe(true);
        expect(cursor.start).toBe(end);
        end = cursor.end;
        expect(10 + cursor.offsetDelta).toBe(record.offset);
        expect(addToTimestamp(inputs[0]!.timestamp, cursor.timestampDelta)).toBe(record.timestamp);
        expect(cursor.key).toEqual(record.key);
        expect(cursor.isTombstone).toBe(record.value === null);
      }
      expect(cursor.next()).toBe(false);
      expect(end).toBe(payload.length);
    }),
  );
});

test('any change of the bytes ends in records or in CORRUPT_BATCH, never beyond the bytes', () => {
  fc.assert(
    fc.property(records, fc.nat(), fc.nat(255), (inputs, place, byte) => {
      const batch = buildBatchSync(inputs);
      const payload = Buffer.from(batch.subarray(HEADER_SIZE));
      payload[place % payload.length] = byte;
      const cursor = new RecordCursor(payload, batch);
      try {
        while (cursor.next()) expect(cursor.end).toBeLessThanOrEqual(payload.length);
      } catch (error) {
        expect(error).toMatchObject({ code: 'CORRUPT_BATCH' });
      }
    }),
  );
});
