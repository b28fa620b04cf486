import type { ResponsePart } from '../net/sending/response-writer.js';
import type { Api } from '../protocol/api.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { encodeResponse } from '../protocol/frame.js';
import { ApiVersions } from '../protocol/messages/api-versions.js';

/**
 * The answer to a request of a version above ours: in the layout of version 0, which every client
 * reads, with the one line that names the versions that we have (KIP-511).
 */
export function unsupportedApiVersions(
  { key, advertiseMin, max }: Api,
  correlationId: number,
): ResponsePart[] {
  const body = {
    errorCode: ErrorCode.UNSUPPORTED_VERSION,
    apiKeys: [{ apiKey: key, minVersion: advertiseMin, maxVersion: max }],
  };
  return encodeResponse(ApiVersions, 0, correlationId, body) as ResponsePart[];
}
