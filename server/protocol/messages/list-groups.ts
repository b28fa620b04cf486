import { array, type InputOf, int16, int32, message, string, type ValueOf } from '../schema.js';

/** An empty filter lets everything pass. */
export const ListGroupsRequest = message({
  apiKey: 16,
  min: 0,
  max: 5,
  flexible: 3,
  fields: {
    statesFilter: array(string(), { versions: '4+' }), // KIP-518
    typesFilter: array(string(), { versions: '5+' }), // KIP-848
  },
});
export type ListGroupsRequest = ValueOf<typeof ListGroupsRequest>;

export const ListGroupsResponse = message({
  apiKey: 16,
  min: 0,
  max: 5,
  flexible: 3,
  fields: {
    throttleTimeMs: int32({ versions: '1+', default: 0 }),
    errorCode: int16(),
    groups: array({
      groupId: string(),
      protocolType: string(),
      groupState: string({ versions: '4+' }),
      groupType: string({ versions: '5+' }),
    }),
  },
});
export type ListGroupsResponse = InputOf<typeof ListGroupsResponse>;
