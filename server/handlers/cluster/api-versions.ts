import type { MetadataView } from '../../metadata/metadata-view.js';
import type { Api, RequestOf } from '../../protocol/api.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { ApiVersions } from '../../protocol/messages/api-versions.js';
import { type Handler, handler } from '../handler.js';

export interface ApiVersionsParts {
  readonly metadata: MetadataView;
  readonly nodeId: number;
  readonly apis: readonly Api[];
}

/**
 * Letters, digits, dot and dash, alphanumeric at both ends (KIP-511); long enough for every client.
 */
const SOFTWARE_NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9.-]{0,126}[a-zA-Z0-9])?$/;

/**
 * Names every API that the tables describe, with its range: only the tables know versions. A client
 * that names its software in other characters gets INVALID_REQUEST, as from Kafka; librdkafka then
 * asks again with version 0. A client that takes this broker for another one, which had the address
 * before, is told to start over (KIP-1242).
 */
export const apiVersions = handler(
  ApiVersions,
  // Clients send it before they authenticate.
  { asks: [], order: 'pipelined' },
  apiVersionsHandler,
);

function apiVersionsHandler(parts: ApiVersionsParts): Handler<typeof ApiVersions> {
  const apiKeys = parts.apis
    .map(({ key, advertiseMin, max }) => ({
      apiKey: key,
      minVersion: advertiseMin,
      maxVersion: max,
    }))
    .sort((a, b) => a.apiKey - b.apiKey);
  return (context, request) => {
    const { clientSoftwareName: name, clientSoftwareVersion: version } = request;
    if (context.apiVersion >= 3) {
      if (!SOFTWARE_NAME.test(name) || !SOFTWARE_NAME.test(version)) {
        return { errorCode: ErrorCode.INVALID_REQUEST, apiKeys: [] };
      }
      context.connection.clientSoftware = { name, version };
      if (!isMeant(parts, request)) {
        return { errorCode: ErrorCode.REBOOTSTRAP_REQUIRED, apiKeys: [] };
      }
    }
    return { errorCode: ErrorCode.NONE, apiKeys };
  };
}

/**
 * Whether the client means this broker, as far as it names one: a bootstrapping client names none.
 */
function isMeant(
  { metadata, nodeId }: ApiVersionsParts,
  request: RequestOf<typeof ApiVersions>,
): boolean {
  const isCluster = request.clusterId === null || request.clusterId === metadata.image.clusterId;
  return isCluster && (request.nodeId === -1 || request.nodeId === nodeId);
}
