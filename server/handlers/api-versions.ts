import { APIS } from '../protocol/api-keys.js';
import { ErrorCode } from '../protocol/error-codes.js';
import type { Handler } from './handler.js';

/** Letters, digits, dot and dash, alphanumeric at both ends (KIP-511); as long as anyone needs. */
const SOFTWARE_NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9.-]{0,126}[a-zA-Z0-9])?$/;

/**
 * Names every API that the tables describe, with its range: the tables are the only place where versions stand. A client
 * that names its software in other characters gets INVALID_REQUEST, as from Kafka; librdkafka then asks again with version 0.
 */
export function apiVersionsHandler(): Handler<'ApiVersions'> {
  const apiKeys = Object.values(APIS)
    .map(({ key, advertiseMin, max }) => ({
      apiKey: key,
      minVersion: advertiseMin,
      maxVersion: max,
    }))
    .sort((a, b) => a.apiKey - b.apiKey);
  return (context, { clientSoftwareName: name, clientSoftwareVersion: version }) => {
    if (context.apiVersion >= 3) {
      if (!SOFTWARE_NAME.test(name) || !SOFTWARE_NAME.test(version)) {
        return { errorCode: ErrorCode.INVALID_REQUEST, apiKeys: [] };
      }
      context.connection.clientSoftware = { name, version };
    }
    return { errorCode: ErrorCode.NONE, apiKeys };
  };
}
