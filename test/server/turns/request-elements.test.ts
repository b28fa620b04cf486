import { expect, onTestFinished, test } from 'vitest';
import { LIMITS } from '../../../engine/limits.js';
import { memoryBroker, type RequestHook } from '../../support/memory-broker.js';
import { TurnMeter } from '../../support/turn-meter.js';
import { GROUP_SHAPES } from './shapes/groups.js';
import { PARTITION_SHAPES } from './shapes/partitions.js';
import { PARTITIONS, TOPIC } from './shapes/shape.js';
import { TOPIC_SHAPES } from './shapes/topics.js';

const COUNT = 16_000;
/** A turn's allowance, of elements that are read up to four times: in their topic, or beside it. */
const READS_MAX = 4 * LIMITS.turnElementsMax;

/** Counts how often a handler reads an element of a request's arrays, whatever it reports. */
function readCounter(meter: TurnMeter): RequestHook {
  const counting = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
    const fields = value as Record<string, unknown>;
    for (const [name, field] of Object.entries(fields)) {
      const counted = counting(field);
      if (counted !== field) fields[name] = counted;
    }
    if (!Array.isArray(value)) return value;
    return new Proxy(value, {
      get(elements, key, receiver) {
        if (typeof key === 'string' && /^\d/.test(key)) meter.add('elements', 1);
        return Reflect.get(elements, key, receiver);
      },
    });
  };
  return { before: (_context, request) => void counting(request) };
}

test.each([...TOPIC_SHAPES, ...PARTITION_SHAPES, ...GROUP_SHAPES])(
  'no turn reads much of a large $api ($version): $what',
  async ({ api, version, body }) => {
    const meter = new TurnMeter();
    onTestFinished(() => meter.stop());
    const broker = await memoryBroker({
      hooks: [readCounter(meter)],
      partitionsPerTopicMax: 1_000,
    });
    await broker.createTopic(TOPIC, PARTITIONS);
    await broker.call(api, version, body(COUNT) as never);
    expect(meter.most.elements).toBeLessThanOrEqual(READS_MAX);
  },
);
