import type { BrokerInside } from '../broker/inside.js';
import type { GroupCoordinator } from '../groups/coordinator.js';
import { SERVER_LIMITS } from '../limits.js';
import { isInternalTopic } from '../metadata/topic-name.js';

/**
 * Takes away what clients have made: groups with their offsets, topics, settings that were changed
 * at run time. Members of groups are told that they are none any more, and join again. Ids of
 * producers go on, so that clients that stay connected keep theirs. Resolves when that is durable.
 */
export async function resetBroker({ groups, metadata, controller }: BrokerInside): Promise<void> {
  await forgetGroups(groups);
  const ids = [...metadata.image.topics()].flatMap(({ id, name }) =>
    isInternalTopic(name) ? [] : [id],
  );
  const { topicsPerTransaction } = SERVER_LIMITS;
  for (let at = 0; at < ids.length; at += topicsPerTransaction) {
    await controller.deleteTopics(ids.slice(at, at + topicsPerTransaction));
  }
  for (const broker of [...metadata.image.brokerOverrides.keys()]) {
    await controller.alterBroker(broker, () => ({}));
  }
}

async function forgetGroups(groups: GroupCoordinator): Promise<void> {
  for (const { id } of await groups.list()) {
    const members = [...(groups.describe(id)?.members.keys() ?? [])];
    const { leaversAtOnce } = SERVER_LIMITS;
    for (let at = 0; at < members.length; at += leaversAtOnce) {
      const some = members.slice(at, at + leaversAtOnce);
      groups.leave(
        id,
        some.map((memberId) => ({ memberId, instanceId: null })),
      );
    }
    await groups.delete(id);
  }
}
