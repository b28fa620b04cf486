import { api } from '../api.js';
import { array, bool, int16, int32, int64, string } from '../schema.js';

/**
 * A request of a version above ours is answered in the version 0 layout with UNSUPPORTED_VERSION
 * and the range of this API (KIP-511). The response header has no tagged section in any version.
 */
export const ApiVersions = api({
  name: 'ApiVersions',
  key: 18,
  versions: [0, 5],
  flexible: 3,
  request: {
    clientSoftwareName: string({ versions: '3+' }), // KIP-511
    clientSoftwareVersion: string({ versions: '3+' }),
    // The cluster and node that the client believes to speak to (KIP-1242); null and -1 where it
    // does not know.
    clusterId: string({ versions: '5+', nullable: '5+', default: null }),
    nodeId: int32({ versions: '5+', default: -1 }),
  },
  response: {
    errorCode: int16(),
    apiKeys: array({ apiKey: int16(), minVersion: int16(), maxVersion: int16() }),
    throttleTimeMs: int32({ versions: '1+', default: 0 }),
    // KIP-584. A feature whose minimum is 0 may be named from version 4 on only (KAFKA-17011).
    supportedFeatures: array(
      { name: string(), minVersion: int16(), maxVersion: int16() },
      { versions: '3+', tag: 0 },
    ),
    finalizedFeaturesEpoch: int64({ versions: '3+', tag: 1, default: -1 }),
    finalizedFeatures: array(
      { name: string(), maxVersionLevel: int16(), minVersionLevel: int16() },
      { versions: '3+', tag: 2 },
    ),
    zkMigrationReady: bool({ versions: '3+', tag: 3, default: false }), // KIP-866
  },
  refused: (_request, errorCode) => ({ errorCode, apiKeys: [] }),
});
