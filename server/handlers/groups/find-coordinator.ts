import { isTidyId } from '../../groups/classic/group-id.js';
import type { GroupCoordinator } from '../../groups/coordinator.js';
import { endpointFor } from '../../metadata/advertised.js';
import type { MetadataView } from '../../metadata/metadata-view.js';
import type { ResponseOf } from '../../protocol/api.js';
import { ApiError } from '../../protocol/api-error.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { FindCoordinator } from '../../protocol/messages/find-coordinator.js';
import type { RequestContext } from '../../request/context.js';
import { wireError } from '../../request/error-map.js';
import { distinctInSlices, mapInSlices } from '../../request/in-slices.js';
import { type Handler, handler } from '../handler.js';

export interface FindCoordinatorParts {
  readonly metadata: MetadataView;
  readonly groups: Pick<GroupCoordinator, 'coordinatorOf'>;
}

type Answer = NonNullable<ResponseOf<typeof FindCoordinator>['coordinators']>[number];

const GROUP = 0;
const TRANSACTION = 1;

/**
 * FindCoordinator: one key up to 3, several from 4 on. The offsets topic is there when this is
 * answered.
 *
 * A client that asks for a transaction coordinator must stop, not retry; see init-producer-id.ts
 * for the choice of the code.
 */
export const findCoordinator = handler(
  FindCoordinator,
  {
    asks: [
      { operation: 'describe', resource: 'group' },
      { operation: 'describe', resource: 'transactionalId' },
    ],
  },
  findCoordinatorHandler,
);

function findCoordinatorHandler(parts: FindCoordinatorParts): Handler<typeof FindCoordinator> {
  return async (context, { key, keyType, coordinatorKeys }) => {
    const { work, apiVersion } = context;
    if (apiVersion < 4) return find(parts, context, keyType, key);
    // A key that is named twice is answered once, so that repetition cannot make the answer larger.
    const keys = await distinctInSlices(work, coordinatorKeys);
    const coordinators = await mapInSlices(work, keys, (each) =>
      find(parts, context, keyType, each),
    );
    return { coordinators };
  };
}

async function find(
  parts: FindCoordinatorParts,
  context: RequestContext,
  keyType: number,
  key: string,
): Promise<Answer> {
  try {
    if (keyType === TRANSACTION) {
      throw new ApiError(
        'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
        'this broker does not support transactions',
      );
    }
    if (keyType !== GROUP) {
      throw new ApiError('INVALID_REQUEST', `there is no coordinator of type ${keyType}`);
    }
    if (!isTidyId(key)) throw new ApiError('INVALID_GROUP_ID', 'the group id is not valid');
    const nodeId = await parts.groups.coordinatorOf(key);
    const broker = parts.metadata.image.brokers.find((each) => each.nodeId === nodeId);
    const endpoint = broker === undefined ? null : endpointFor(broker, context.connection);
    if (endpoint === null) {
      throw new ApiError('COORDINATOR_NOT_AVAILABLE', `broker ${nodeId} has no such listener`);
    }
    return { key, nodeId, ...endpoint, errorCode: ErrorCode.NONE, errorMessage: null };
  } catch (error) {
    const { code, message } = wireError(error);
    return { key, nodeId: -1, host: '', port: -1, errorCode: code, errorMessage: message };
  }
}
