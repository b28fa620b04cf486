import { endpointFor } from '../../metadata/advertised.js';
import type { MetadataView } from '../../metadata/metadata-view.js';
import { ApiError } from '../../protocol/api-error.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { DescribeCluster } from '../../protocol/messages/describe-cluster.js';
import { CLUSTER_OPERATIONS } from '../authorized-operations.js';
import { type Handler, handler } from '../handler.js';

export interface DescribeClusterParts {
  readonly metadata: MetadataView;
}

const BROKERS = 1;
const CONTROLLERS = 2;

/**
 * DescribeCluster (KIP-700): the brokers, as Metadata shows them. Controllers have no endpoints of
 * their own (KIP-919).
 */
export const describeCluster = handler(
  DescribeCluster,
  { asks: [{ operation: 'describe', resource: 'cluster' }] },
  describeClusterHandler,
);

function describeClusterHandler({
  metadata,
}: DescribeClusterParts): Handler<typeof DescribeCluster> {
  return ({ connection }, { endpointType, includeClusterAuthorizedOperations }) => {
    if (endpointType === CONTROLLERS) {
      throw new ApiError('MISMATCHED_ENDPOINT_TYPE', 'this is a broker');
    }
    if (endpointType !== BROKERS) {
      throw new ApiError('UNSUPPORTED_ENDPOINT_TYPE', `endpoint type ${endpointType} is not known`);
    }
    const { image } = metadata;
    return {
      errorCode: ErrorCode.NONE,
      clusterId: image.clusterId,
      controllerId: image.controllerId,
      brokers: image.brokers.flatMap((broker) => {
        const endpoint = endpointFor(broker, connection);
        return endpoint === null
          ? []
          : [{ brokerId: broker.nodeId, ...endpoint, rack: broker.rack }];
      }),
      ...(includeClusterAuthorizedOperations && {
        clusterAuthorizedOperations: CLUSTER_OPERATIONS,
      }),
    };
  };
}
