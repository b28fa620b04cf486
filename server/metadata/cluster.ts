import { newUuid, type Random } from '../../engine/index.js';
import { CLUSTER_KEY, type ClusterRecord } from './records.js';
import type { MetadataStore } from './store.js';

/**
 * The id of the cluster: the first broker draws it once; it is durable, and the same from then on.
 */
export async function ensureClusterId(store: MetadataStore, random: Random): Promise<string> {
  for (;;) {
    const entry = await store.get(CLUSTER_KEY);
    if (entry !== null) return (entry.value as ClusterRecord).clusterId;
    const clusterId = newUuid(random);
    const outcome = await store.transact({
      conditions: [{ key: CLUSTER_KEY, revision: 0 }],
      changes: [{ key: CLUSTER_KEY, value: { clusterId } }],
    });
    if (outcome.committed) return clusterId;
  }
}
