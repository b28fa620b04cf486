import { array, type InputOf, int16, int32, message, string, type ValueOf } from '../schema.js';

export const DeleteGroupsRequest = message({
  apiKey: 42,
  min: 0,
  max: 2,
  flexible: 2,
  fields: { groupsNames: array(string()) },
});
export type DeleteGroupsRequest = ValueOf<typeof DeleteGroupsRequest>;

export const DeleteGroupsResponse = message({
  apiKey: 42,
  min: 0,
  max: 2,
  flexible: 2,
  fields: {
    throttleTimeMs: int32({ default: 0 }),
    results: array({ groupId: string(), errorCode: int16() }),
  },
});
export type DeleteGroupsResponse = InputOf<typeof DeleteGroupsResponse>;
