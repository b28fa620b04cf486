import { ApiError } from '../protocol/api-error.js';
import { javaHashCode } from './coordinator-for.js';

/** A broker that may take replicas. */
export interface PlacementBroker {
  readonly nodeId: number;
  /** Null for a broker without a rack: all such brokers count as one rack. */
  readonly rack: string | null;
}

/** Partitions that want replicas. */
export interface PlacementWish {
  readonly topic: string;
  readonly brokers: readonly PlacementBroker[];
  readonly replicationFactor: number;
  /** Replicas of the topic's partitions so far; none for a new topic. */
  readonly present: readonly (readonly number[])[];
  /** Partitions to be added. */
  readonly count: number;
}

/**
 * Replicas of the partitions to be added, node ids, the preferred leader first. This alone decides
 * where replicas go; it is pure.
 *
 * Brokers stand in a ring in which the racks alternate. Each partition is led by the next broker of
 * the ring; the topic's name, or its first partition, decides where the ring begins. The other
 * replicas are on the next brokers, further on with every round, each in the rack that has the
 * fewest replicas of the partition: so every rack has one replica before any has two. As in Apache
 * Kafka, added partitions are placed like those that a topic is created with.
 *
 * Throws ApiError INVALID_REPLICATION_FACTOR for a factor that is not from 1 to the number of
 * brokers.
 */
export function placeReplicas(wish: PlacementWish): number[][] {
  const { topic, brokers, replicationFactor, present, count } = wish;
  checkReplicationFactor(replicationFactor, brokers);
  const racks = byRack(brokers);
  const ring = ringOf(racks);
  const known = ring.findIndex(({ nodeId }) => nodeId === present[0]?.[0]);
  const start = known >= 0 ? known : (javaHashCode(topic) & 0x7fffffff) % ring.length;
  return Array.from({ length: count }, (_, at) => {
    const partition = present.length + at;
    const round = Math.floor(partition / ring.length);
    return replicasFrom(ring, start + partition, (start + round) * racks.length, replicationFactor);
  });
}

/**
 * The problem of replicas that a client has chosen; null if they can be placed. `factor`: the
 * number of replicas of the topic's other partitions, if there are any.
 */
export function assignmentProblem(
  nodeIds: readonly number[],
  brokers: readonly PlacementBroker[],
  factor: number | undefined,
): string | null {
  const shown = nodeIds.slice(0, 10).join(', ');
  const isKnown = (id: number): boolean => brokers.some(({ nodeId }) => nodeId === id);
  const canBe =
    nodeIds.length > 0 &&
    nodeIds.length <= brokers.length &&
    new Set(nodeIds).size === nodeIds.length &&
    nodeIds.every(isKnown);
  if (!canBe) {
    const nodes = brokers.map(({ nodeId }) => nodeId).join(', ');
    const cluster = brokers.length === 1 ? `node ${nodes}` : `nodes ${nodes}`;
    return `replicas [${shown}] cannot be placed: this cluster consists of ${cluster}`;
  }
  if (factor === undefined || nodeIds.length === factor) return null;
  return `replicas [${shown}] are ${nodeIds.length}, and other partitions of the topic have ${factor}`;
}

/** Throws ApiError INVALID_REPLICATION_FACTOR unless a topic can have this number of replicas. */
export function checkReplicationFactor(factor: number, brokers: readonly PlacementBroker[]): void {
  if (factor >= 1 && factor <= brokers.length) return;
  const message =
    factor < 1
      ? 'Replication factor must be larger than 0, or -1 for the default'
      : `Replication factor: ${factor} larger than available brokers: ${brokers.length}`;
  throw new ApiError('INVALID_REPLICATION_FACTOR', message);
}

/** Racks by their names, brokers by their ids. */
function byRack(brokers: readonly PlacementBroker[]): PlacementBroker[][] {
  const racks = new Map<string, PlacementBroker[]>();
  for (const broker of [...brokers].sort((a, b) => a.nodeId - b.nodeId)) {
    const rack = racks.get(broker.rack ?? '');
    if (rack === undefined) racks.set(broker.rack ?? '', [broker]);
    else rack.push(broker);
  }
  return [...racks].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, rack]) => rack);
}

/** One broker of each rack after another, as long as the rack has any. */
function ringOf(racks: readonly (readonly PlacementBroker[])[]): PlacementBroker[] {
  const rounds = Math.max(...racks.map((rack) => rack.length));
  return Array.from({ length: rounds }, (_, round) =>
    racks.flatMap((rack) => rack.slice(round, round + 1)),
  ).flat();
}

function replicasFrom(
  ring: readonly PlacementBroker[],
  first: number,
  shift: number,
  factor: number,
): number[] {
  const leader = ring[first % ring.length]!;
  const others = ring.length - 1;
  const left = Array.from({ length: others }, (_, at) => {
    return ring[(first + 1 + ((shift + at) % others)) % ring.length]!;
  });
  const replicas = [leader.nodeId];
  const taken = new Map([[leader.rack, 1]]);
  const takenOf = ({ rack }: PlacementBroker): number => taken.get(rack) ?? 0;
  while (replicas.length < factor) {
    let best = 0;
    for (const [at, broker] of left.entries()) {
      if (takenOf(broker) < takenOf(left[best]!)) best = at;
    }
    const [next] = left.splice(best, 1);
    taken.set(next!.rack, takenOf(next!) + 1);
    replicas.push(next!.nodeId);
  }
  return replicas;
}
