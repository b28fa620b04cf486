import { api } from '../api.js';
import { array, bool, float64, int8, int16, int32, string } from '../schema.js';

/** KIP-546. A match is 0 for a name, 1 for the default, 2 for any entity that names its type. */
export const DescribeClientQuotas = api({
  name: 'DescribeClientQuotas',
  key: 48,
  versions: [0, 1],
  flexible: 1,
  request: {
    components: array({
      entityType: string(),
      matchType: int8(),
      match: string({ nullable: '0+' }),
    }),
    strict: bool(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+', default: null }),
    /** Null beside an error. */
    entries: array(
      {
        entity: array({ entityType: string(), entityName: string({ nullable: '0+' }) }),
        values: array({ key: string(), value: float64() }),
      },
      { nullable: '0+' },
    ),
  },
  refused: (_request, errorCode) => ({ errorCode, entries: null }),
});
