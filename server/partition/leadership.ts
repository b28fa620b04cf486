import type { PartitionImage } from '../metadata/image.js';
import type { Leadership } from './partition.js';

/** Whether a node is one of the replicas: only they open the log. */
export function isReplica({ replicas }: PartitionImage, nodeId: number): boolean {
  return replicas.includes(nodeId);
}

/** The role of a replica in its partition. */
export function leadershipOf(
  { leader, leaderEpoch, isr }: PartitionImage,
  nodeId: number,
  minInSyncReplicas: number,
): Leadership {
  return {
    role: leader === nodeId ? 'leader' : 'follower',
    leaderEpoch,
    inSyncCount: isr.length,
    minInSyncReplicas,
  };
}
