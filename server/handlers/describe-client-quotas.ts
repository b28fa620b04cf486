import { ApiError } from '../api-error.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { DescribeClientQuotas } from '../protocol/messages/describe-client-quotas.js';
import { handler } from './handler.js';
import { occurringTwice } from './occurring-twice.js';

const ENTITY_TYPES: ReadonlySet<string> = new Set(['user', 'client-id', 'ip']);

/** DescribeClientQuotas (KIP-546): there are no quotas. A filter that Kafka refuses is refused. */
export const describeClientQuotas = handler(
  DescribeClientQuotas,
  {},
  () =>
    (_context, { components }) => {
      const types = components.map(({ entityType }) => entityType);
      const unknown = types.find((type) => !ENTITY_TYPES.has(type));
      if (unknown !== undefined) {
        throw new ApiError('UNSUPPORTED_VERSION', 'entities are user, client-id and ip');
      }
      const [twice] = occurringTwice(types);
      if (twice !== undefined) {
        throw new ApiError('INVALID_REQUEST', `the filter names ${twice} twice`);
      }
      return { errorCode: ErrorCode.NONE, entries: [] };
    },
);
