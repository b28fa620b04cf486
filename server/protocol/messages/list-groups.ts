import { api } from '../api.js';
import { array, int16, int32, string } from '../schema.js';

/** An empty filter lets everything pass. */
export const ListGroups = api({
  name: 'ListGroups',
  key: 16,
  versions: [0, 5],
  flexible: 3,
  request: {
    statesFilter: array(string(), { versions: '4+' }), // KIP-518
    typesFilter: array(string(), { versions: '5+' }), // KIP-848
  },
  response: {
    throttleTimeMs: int32({ versions: '1+', default: 0 }),
    errorCode: int16(),
    groups: array({
      groupId: string(),
      protocolType: string(),
      groupState: string({ versions: '4+' }),
      groupType: string({ versions: '5+' }),
    }),
  },
  refused: (_request, errorCode) => ({ errorCode, groups: [] }),
});
