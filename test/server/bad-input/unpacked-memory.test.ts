import { expect, test } from 'vitest';
import { LIMITS } from '../../../engine/limits.js';
import { claiming } from '../../support/forged-batches.js';
import { TurnMeter } from '../../support/turn-meter.js';
import { beside, produceOf, startAttackedBroker } from './attacked-broker.js';
import { expectHeldBelow, memoryHeld } from './memory.js';

const MIB = 1024 * 1024;
const BATCHES = 8;

test.each(['lz4', 'zstd'] as const)(
  'batches that unpack to almost what is allowed are unpacked two at a time, and their memory is given back (%s)',
  async (codec) => {
    const meter = new TurnMeter();
    const broker = await startAttackedBroker({
      meter,
      config: { 'odradek.validate': 'records' },
    });
    await broker.createTopic('t');
    const bomb = await claiming(1, Buffer.alloc(126 * MIB), codec);
    await beside(broker, async () => {
      const before = memoryHeld();
      let peakBytes = 0;
      const watch = setInterval(() => {
        peakBytes = Math.max(peakBytes, process.memoryUsage().rss);
      }, 5);
      const send = async () => {
        const client = await broker.connect();
        return client.call('Produce', 9, produceOf('t', Buffer.from(bomb)));
      };
      const answers = await Promise.all(Array.from({ length: BATCHES }, send));
      clearInterval(watch);
      for (const { topics } of answers) {
        expect(topics[0]!.partitions[0]).toMatchObject({ errorCode: 87 });
      }
      // Two of them, pieces and whole, and what is garbage but not collected yet.
      expect(peakBytes - before.residentBytes).toBeLessThan(1024 * MIB);
      await expectHeldBelow(before, { bufferBytes: 64 * MIB, residentBytes: 512 * MIB });
    });
    meter.stop();
    expect(meter.most.bytes).toBeLessThan(4 * LIMITS.turnBytesMax);
  },
);
