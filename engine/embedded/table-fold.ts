import type { EventRecord } from './event-record.js';
import type { TableRecord } from './table-records.js';

interface Entry {
  readonly value: unknown;
  readonly offset: number;
}

/** A change of one key. */
export interface FoldedChange {
  readonly key: string;
  readonly value: unknown;
  readonly previous: unknown;
  readonly offset: number;
}

/** The last value of each key, as of one place in a log. */
export class TableFold {
  readonly entries: Map<string, Entry>;
  /** Offset of the next record to be taken. */
  position: number;

  constructor(position: number, entries: Iterable<[string, Entry]> = []) {
    this.position = position;
    this.entries = new Map(entries);
  }

  /** Takes the next record; null where it changes nothing. */
  apply({ offset, value: taken }: EventRecord<TableRecord | null>): FoldedChange | null {
    this.position = offset + 1;
    if (taken === null) return null;
    const { key, value } = taken;
    const previous = this.entries.get(key)?.value;
    if (value === null) this.entries.delete(key);
    else this.entries.set(key, { value, offset });
    return { key, value, previous, offset };
  }

  /** Forgets what records below the log's start have said: they are deleted. */
  dropBelow(startOffset: number): void {
    for (const [key, { offset }] of this.entries) {
      if (offset < startOffset) this.entries.delete(key);
    }
  }
}
