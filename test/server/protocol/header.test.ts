import { expect, test } from 'vitest';
import { APIS } from '../../../server/handlers/apis.js';
import { requestHeaderVersion, responseHeaderVersion } from '../../../server/protocol/header.js';

test('flexible versions have the headers with tagged sections', () => {
  const { request, response } = APIS.Produce;
  expect([8, 9].map((version) => requestHeaderVersion(request, version))).toEqual([1, 2]);
  expect([8, 9].map((version) => responseHeaderVersion(response, version))).toEqual([0, 1]);
});

test('an ApiVersions response never has one, its request does', () => {
  const { request, response } = APIS.ApiVersions;
  expect([2, 3, 4].map((version) => requestHeaderVersion(request, version))).toEqual([1, 2, 2]);
  expect([2, 3, 4].map((version) => responseHeaderVersion(response, version))).toEqual([0, 0, 0]);
});
