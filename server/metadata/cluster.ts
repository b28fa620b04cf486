import { newUuid, type Random } from '../../engine/index.js';
import { SettingsError } from '../settings/parse.js';
import { CLUSTER_KEY, type ClusterRecord } from './records.js';
import type { MetadataStore } from './store.js';

/**
 * The id of the cluster: the first broker takes the one that is wanted, or draws one; it is
 * durable, and the same from then on. Rejects with SettingsError where another one is wanted later.
 */
export async function ensureClusterId(
  store: MetadataStore,
  random: Random,
  wanted: string | null,
): Promise<string> {
  for (;;) {
    const entry = await store.get(CLUSTER_KEY);
    if (entry !== null) return ofCluster((entry.value as ClusterRecord).clusterId, wanted);
    const clusterId = wanted ?? newUuid(random);
    const outcome = await store.transact({
      conditions: [{ key: CLUSTER_KEY, revision: 0 }],
      changes: [{ key: CLUSTER_KEY, value: { clusterId } }],
    });
    if (outcome.committed) return clusterId;
  }
}

function ofCluster(clusterId: string, wanted: string | null): string {
  if (wanted === null || wanted === clusterId) return clusterId;
  throw new SettingsError([
    `the data directory belongs to the cluster ${clusterId}, and CLUSTER_ID or odradek.cluster.id says ${wanted}: leave it out, or name another directory`,
  ]);
}
