import type { RecordCodec } from '../coordination/record-codec.js';
import { COORDINATOR_TOPICS } from '../metadata/coordinator-for.js';
import { decodeRecord, encodeRecord, encodeRecordInSlices, type GroupRecord } from './records.js';

/** The internal topic that holds groups and their offsets. */
export const OFFSETS_TOPIC = COORDINATOR_TOPICS.group;

/** A group has as many members as a record can hold; everything else is small. */
export const GROUP_CODEC: RecordCodec<GroupRecord> = {
  encode: encodeRecord,
  encodeInSlices: (record, work) =>
    record.kind === 'group' && record.value !== null
      ? encodeRecordInSlices(record, work)
      : encodeRecord(record),
  decode: decodeRecord,
};
