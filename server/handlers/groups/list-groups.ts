import type { Work } from '../../../engine/index.js';
import type { GroupCoordinator } from '../../groups/coordinator.js';
import type { ResponseOf } from '../../protocol/api.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { ListGroups } from '../../protocol/messages/list-groups.js';
import { wireError } from '../../request/error-map.js';
import { forEachInSlices } from '../../request/in-slices.js';
import { type Handler, handler } from '../handler.js';

export interface ListGroupsParts {
  readonly groups: Pick<GroupCoordinator, 'list'>;
}

type Answer = ResponseOf<typeof ListGroups>['groups'][number];

/** The only type of group, under the name of KIP-848. */
const GROUP_TYPE = 'classic';

/** ListGroups, filtered by state (KIP-518) and type (KIP-848); filters ignore case, as in Kafka. */
export const listGroups = handler(
  ListGroups,
  {
    asks: [
      {
        operation: 'describe',
        resource: 'cluster',
        or: { operation: 'describe', resource: 'group' },
      },
    ],
    readsOnly: true,
  },
  listGroupsHandler,
);

function listGroupsHandler({ groups }: ListGroupsParts): Handler<typeof ListGroups> {
  return async ({ work }, { statesFilter, typesFilter }) => {
    const states = await lowerCased(work, statesFilter);
    const types = await lowerCased(work, typesFilter);
    try {
      const listed = types.size === 0 || types.has(GROUP_TYPE) ? await groups.list(work) : [];
      const answers: Answer[] = [];
      for (const { id, protocolType, state } of listed) {
        if (states.size === 0 || states.has(state.toLowerCase())) {
          answers.push({
            groupId: id,
            protocolType: protocolType ?? '',
            groupState: state,
            groupType: GROUP_TYPE,
          });
        }
        const pause = work.did(1);
        if (pause !== null) await pause;
      }
      return { errorCode: ErrorCode.NONE, groups: answers };
    } catch (error) {
      return { errorCode: wireError(error).code, groups: [] };
    }
  };
}

async function lowerCased(work: Work, words: readonly string[]): Promise<Set<string>> {
  const found = new Set<string>();
  await forEachInSlices(work, words, (word) => void found.add(word.toLowerCase()));
  return found;
}
