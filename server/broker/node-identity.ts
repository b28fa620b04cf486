import { NODE_KEY, type NodeRecord } from '../metadata/records.js';
import type { MetadataStore } from '../metadata/store.js';
import { SettingsError } from '../settings/parse.js';

/**
 * Makes sure that the node keeps its id: partitions name their replicas by it, so that under
 * another id no broker would lead them. The id is written durably at the first start. Rejects with
 * SettingsError when the id was another one before.
 */
export async function claimNodeId(
  store: MetadataStore,
  nodeId: number,
  dataDir: string,
): Promise<void> {
  for (;;) {
    const entry = await store.get(NODE_KEY);
    if (entry !== null) {
      const { nodeId: before } = entry.value as NodeRecord;
      if (before === nodeId) return;
      throw new SettingsError([
        `node.id=${nodeId}, but the data in ${dataDir} belongs to node ${before}: set node.id=${before}, or another log.dirs`,
      ]);
    }
    const record: NodeRecord = { nodeId };
    await store.transact({
      conditions: [{ key: NODE_KEY, revision: 0 }],
      changes: [{ key: NODE_KEY, value: record }],
    });
  }
}
