import { ApiError } from '../../protocol/api-error.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { DescribeClientQuotas } from '../../protocol/messages/describe-client-quotas.js';
import { forEachInSlices } from '../../request/in-slices.js';
import { handler } from '../handler.js';
import { occurringTwice } from '../occurring-twice.js';

const ENTITY_TYPES: ReadonlySet<string> = new Set(['user', 'client-id', 'ip']);

/** DescribeClientQuotas (KIP-546): there are no quotas. A filter that Kafka refuses is refused. */
export const describeClientQuotas = handler(
  DescribeClientQuotas,
  { asks: [{ operation: 'describeConfigs', resource: 'cluster' }] },
  () =>
    async ({ work }, { components }) => {
      await forEachInSlices(work, components, ({ entityType }) => {
        if (ENTITY_TYPES.has(entityType)) return;
        throw new ApiError('UNSUPPORTED_VERSION', 'entities are user, client-id and ip');
      });
      const [twice] = await occurringTwice(work, components, ({ entityType }) => entityType);
      if (twice !== undefined) {
        throw new ApiError('INVALID_REQUEST', `the filter names ${twice} twice`);
      }
      return { errorCode: ErrorCode.NONE, entries: [] };
    },
);
