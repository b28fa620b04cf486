import { buildBatchSync, type RecordInput } from '../../engine/batch/builder.js';
import type { ModelLog } from './model-log.js';
import type { AppendOperation } from './operations.js';

export interface ProducerPlan {
  readonly id: number;
  readonly epoch: number;
  readonly base: number;
  /** Records: a duplicate has as many as its original. */
  readonly count: number;
}

/**
 * What the producer of an append sends, given where the model says it stands; null for an append
 * without one.
 */
export function planProducer(model: ModelLog, operation: AppendOperation): ProducerPlan | null {
  const { producer, records } = operation;
  if (!producer) return null;
  const { id, sequence } = producer;
  const known = model.producers.get(id);
  const count = records.length;
  if (!known) return { id, epoch: 0, base: sequence, count };
  const { next } = known;
  if (next === null) return { id, epoch: known.epoch + 1, base: 0, count };
  const isRepeatable = known.isCertain && known.batches.length > 0;
  const move = producer.move === 'duplicate' && !isRepeatable ? 'next' : producer.move;
  if (move === 'bump') return { id, epoch: known.epoch + 1, base: 0, count };
  if (move === 'stale' && known.epoch > 0) {
    return { id, epoch: known.epoch - 1, base: next, count };
  }
  if (move === 'gap') return { id, epoch: known.epoch, base: (next + 3) % 2 ** 31, count };
  if (move === 'duplicate') {
    const recent = known.batches.slice(-5);
    const original = recent[Math.floor(producer.share * recent.length)]!;
    return {
      id,
      epoch: known.epoch,
      base: original.base,
      count: original.lastOffset - original.baseOffset + 1,
    };
  }
  return { id, epoch: known.epoch, base: next, count };
}

/** The batch of an append, as a client sends it. */
export function buildAppend(
  { records }: AppendOperation,
  plan: ProducerPlan | null,
  nowMs: number,
): Buffer {
  const inputs: RecordInput[] = records.map(({ key, value, headers, deltaMs }) => ({
    key,
    value,
    headers: Array.from({ length: headers }, (_, at) => [`h${at}`, 'x'] as const),
    timestamp: deltaMs === null ? -1 : nowMs + deltaMs,
  }));
  // A duplicate has as many records as its original; what is in them is not compared.
  const count = plan?.count ?? inputs.length;
  while (inputs.length < count) inputs.push(inputs[0]!);
  return buildBatchSync(
    inputs.slice(0, count),
    plan ? { producerId: plan.id, producerEpoch: plan.epoch, baseSequence: plan.base } : {},
  );
}
