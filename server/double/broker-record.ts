import type { EventRecord, RecordHeader } from '../../engine/index.js';
import { TestBrokerError } from './test-broker-error.js';

/** How values are given: text, the value that JSON text stands for, or bytes. */
export type RecordEncoding = 'utf8' | 'json' | 'buffer';

/**
 * A record of a topic, as a test looks at it. `Text` is string, or Buffer where bytes are asked
 * for.
 */
export interface BrokerRecord<Value = string, Text = string> {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since the Unix epoch; -1: none. */
  readonly timestamp: number;
  readonly key: Text | null;
  readonly value: Value | null;
  /** By name; a name that is given more than once has all its values, in their order. */
  readonly headers: Readonly<Record<string, Text | null | readonly (Text | null)[]>>;
}

type Field = Buffer | null;

/** Decodes a record; its bytes are copied. Throws INVALID_JSON. */
export function brokerRecord(
  topic: string,
  partition: number,
  { offset, timestamp, key, value, headers }: EventRecord,
  encoding: RecordEncoding,
): BrokerRecord<unknown, unknown> {
  const text = (field: Field): unknown => {
    if (field === null) return null;
    return encoding === 'buffer' ? Buffer.from(field) : field.toString('utf8');
  };
  const place = { topic, partition, offset };
  return {
    ...place,
    timestamp,
    key: text(key),
    value: encoding === 'json' && value !== null ? parsed(value, place) : text(value),
    headers: headersByName(headers, text),
  };
}

function headersByName(
  headers: readonly RecordHeader[],
  text: (field: Field) => unknown,
): Record<string, unknown> {
  const byName = new Map<string, unknown[]>();
  for (const { key, value } of headers) {
    const values = byName.get(key);
    if (values === undefined) byName.set(key, [text(value)]);
    else values.push(text(value));
  }
  return Object.fromEntries(
    [...byName].map(([name, values]) => [name, values.length === 1 ? values[0] : values]),
  );
}

function parsed(
  value: Buffer,
  { topic, partition, offset }: { topic: string; partition: number; offset: number },
): unknown {
  try {
    return JSON.parse(value.toString('utf8'));
  } catch (cause) {
    throw new TestBrokerError(
      'INVALID_JSON',
      `the value at offset ${offset} of ${topic}-${partition} is no JSON: read it with encoding 'utf8' or 'buffer'`,
      { cause },
    );
  }
}
