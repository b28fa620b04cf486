import type { RecordView } from '../batch/records.js';
import type { TurnSlices } from '../turn-slices.js';
import type { EventRecord } from './event-record.js';

/** How the records of one log are made for a program. */
export interface EventReader<Value> {
  /** Cuts long reads into slices. */
  readonly slices: TurnSlices;
  /** The same object, with the value that it has for programs. Throws INVALID_VALUE. */
  readonly decode: (record: RecordView) => EventRecord<Value>;
}
