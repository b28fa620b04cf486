/**
 * The error codes of the wire protocol: `NAME: [code, retriable, message]`. Codes never change
 * their meaning. Retriable means that a client may send the same request again and hope.
 */
const TABLE = {
  UNKNOWN_SERVER_ERROR: [-1, false, 'The server failed in a way it did not expect.'],
  NONE: [0, false, 'No error.'],
  OFFSET_OUT_OF_RANGE: [1, false, 'The offset lies outside the log.'],
  CORRUPT_MESSAGE: [2, true, 'A record batch failed its checksum or is malformed.'],
  UNKNOWN_TOPIC_OR_PARTITION: [3, true, 'This server does not have the topic or partition.'],
  INVALID_FETCH_SIZE: [4, false, 'The fetch size is not valid.'],
  LEADER_NOT_AVAILABLE: [5, true, 'The partition has no leader at the moment.'],
  NOT_LEADER_OR_FOLLOWER: [6, true, 'This server is not the right replica for the request.'],
  REQUEST_TIMED_OUT: [7, true, 'The request took longer than its timeout.'],
  BROKER_NOT_AVAILABLE: [8, false, 'The broker is not available.'],
  REPLICA_NOT_AVAILABLE: [9, true, 'The replica is not available.'],
  MESSAGE_TOO_LARGE: [10, false, 'A record batch is larger than the topic accepts.'],
  STALE_CONTROLLER_EPOCH: [11, false, 'The controller has moved.'],
  OFFSET_METADATA_TOO_LARGE: [12, false, 'The metadata of the offset commit is too large.'],
  NETWORK_EXCEPTION: [13, true, 'The connection ended before a response came.'],
  COORDINATOR_LOAD_IN_PROGRESS: [14, true, 'The coordinator is still loading its state.'],
  COORDINATOR_NOT_AVAILABLE: [15, true, 'The coordinator is not available.'],
  NOT_COORDINATOR: [16, true, 'This server is not the coordinator.'],
  INVALID_TOPIC_EXCEPTION: [17, false, 'The topic name is not valid, or not allowed here.'],
  RECORD_LIST_TOO_LARGE: [18, false, 'The record batches exceed the segment size.'],
  NOT_ENOUGH_REPLICAS: [19, true, 'Fewer replicas are in sync than the topic requires.'],
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: [
    20,
    true,
    'The records were written, but to fewer replicas than the topic requires.',
  ],
  INVALID_REQUIRED_ACKS: [21, false, 'acks must be -1, 0 or 1.'],
  ILLEGAL_GENERATION: [22, false, 'The generation is not the current one of the group.'],
  INCONSISTENT_GROUP_PROTOCOL: [
    23,
    false,
    'The member has no protocol in common with the rest of the group.',
  ],
  INVALID_GROUP_ID: [24, false, 'The group id is not valid.'],
  UNKNOWN_MEMBER_ID: [25, false, 'The coordinator does not know this member.'],
  INVALID_SESSION_TIMEOUT: [26, false, 'The session timeout is outside what the broker allows.'],
  REBALANCE_IN_PROGRESS: [27, false, 'The group is rebalancing; the member must join again.'],
  INVALID_COMMIT_OFFSET_SIZE: [28, false, 'The size of the committed offset is not valid.'],
  TOPIC_AUTHORIZATION_FAILED: [29, false, 'Access to the topic is not allowed.'],
  GROUP_AUTHORIZATION_FAILED: [30, false, 'Access to the group is not allowed.'],
  CLUSTER_AUTHORIZATION_FAILED: [31, false, 'The operation on the cluster is not allowed.'],
  INVALID_TIMESTAMP: [32, false, 'A timestamp is outside the accepted range.'],
  UNSUPPORTED_SASL_MECHANISM: [33, false, 'The SASL mechanism is not offered.'],
  ILLEGAL_SASL_STATE: [34, false, 'The request does not fit the state of SASL authentication.'],
  UNSUPPORTED_VERSION: [35, false, 'The version of the API is not supported.'],
  TOPIC_ALREADY_EXISTS: [36, false, 'A topic of this name exists.'],
  INVALID_PARTITIONS: [37, false, 'The number of partitions is not valid.'],
  INVALID_REPLICATION_FACTOR: [38, false, 'The replication factor is not valid here.'],
  INVALID_REPLICA_ASSIGNMENT: [39, false, 'The assignment of replicas is not valid.'],
  INVALID_CONFIG: [40, false, 'A setting is not valid.'],
  NOT_CONTROLLER: [41, true, 'This server is not the controller.'],
  INVALID_REQUEST: [42, false, 'The request makes no sense.'],
  UNSUPPORTED_FOR_MESSAGE_FORMAT: [43, false, 'The stored message format does not allow it.'],
  POLICY_VIOLATION: [44, false, 'A policy of the broker forbids it.'],
  OUT_OF_ORDER_SEQUENCE_NUMBER: [45, false, 'The sequence number leaves a gap.'],
  DUPLICATE_SEQUENCE_NUMBER: [46, false, 'The sequence number was used before.'],
  INVALID_PRODUCER_EPOCH: [47, false, 'The epoch of the producer is out of date.'],
  INVALID_TXN_STATE: [48, false, 'The transaction is in no state for this operation.'],
  INVALID_PRODUCER_ID_MAPPING: [
    49,
    false,
    'The producer id does not belong to the transactional id.',
  ],
  INVALID_TRANSACTION_TIMEOUT: [
    50,
    false,
    'The transaction timeout is larger than the broker allows.',
  ],
  CONCURRENT_TRANSACTIONS: [51, true, 'Another operation on the transaction is under way.'],
  TRANSACTION_COORDINATOR_FENCED: [52, false, 'The transaction has a newer coordinator.'],
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: [53, false, 'Use of the transactional id is not allowed.'],
  SECURITY_DISABLED: [54, false, 'Security is not configured.'],
  OPERATION_NOT_ATTEMPTED: [55, false, 'Not tried, because another part of the request failed.'],
  KAFKA_STORAGE_ERROR: [56, true, 'The disk of the partition failed.'],
  LOG_DIR_NOT_FOUND: [57, false, 'The log directory is not one of the broker.'],
  SASL_AUTHENTICATION_FAILED: [58, false, 'Authentication failed.'],
  UNKNOWN_PRODUCER_ID: [59, false, 'The broker has no state for this producer id.'],
  REASSIGNMENT_IN_PROGRESS: [60, false, 'A reassignment of partitions is under way.'],
  DELEGATION_TOKEN_AUTH_DISABLED: [61, false, 'Delegation tokens are not enabled.'],
  DELEGATION_TOKEN_NOT_FOUND: [62, false, 'The delegation token does not exist.'],
  DELEGATION_TOKEN_OWNER_MISMATCH: [63, false, 'The principal neither owns nor renews the token.'],
  DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: [
    64,
    false,
    'Delegation tokens cannot be requested over this kind of connection.',
  ],
  DELEGATION_TOKEN_AUTHORIZATION_FAILED: [65, false, 'The delegation token is not authorized.'],
  DELEGATION_TOKEN_EXPIRED: [66, false, 'The delegation token has expired.'],
  INVALID_PRINCIPAL_TYPE: [67, false, 'The type of principal is not supported.'],
  NON_EMPTY_GROUP: [68, false, 'The group has members.'],
  GROUP_ID_NOT_FOUND: [69, false, 'The group does not exist.'],
  FETCH_SESSION_ID_NOT_FOUND: [70, true, 'The fetch session does not exist.'],
  INVALID_FETCH_SESSION_EPOCH: [
    71,
    true,
    'The epoch of the fetch session is not the expected one.',
  ],
  LISTENER_NOT_FOUND: [72, true, 'The leader has no listener of the name used here.'],
  TOPIC_DELETION_DISABLED: [73, false, 'Deleting topics is switched off.'],
  FENCED_LEADER_EPOCH: [74, true, 'The leader epoch of the request is older than the current one.'],
  UNKNOWN_LEADER_EPOCH: [75, true, 'The leader epoch of the request is newer than the known one.'],
  UNSUPPORTED_COMPRESSION_TYPE: [
    76,
    false,
    'The version of the request does not allow this compression.',
  ],
  STALE_BROKER_EPOCH: [77, false, 'The broker has registered anew.'],
  OFFSET_NOT_AVAILABLE: [78, true, 'The new leader does not know yet which offsets are committed.'],
  MEMBER_ID_REQUIRED: [79, false, 'The member must join again with the id it was given.'],
  PREFERRED_LEADER_NOT_AVAILABLE: [80, true, 'The preferred leader is not available.'],
  GROUP_MAX_SIZE_REACHED: [81, false, 'The group has as many members as it may have.'],
  FENCED_INSTANCE_ID: [82, false, 'Another member uses the same group instance id.'],
  ELIGIBLE_LEADERS_NOT_AVAILABLE: [83, true, 'No replica that could lead is available.'],
  ELECTION_NOT_NEEDED: [84, true, 'The partition has the leader it should have.'],
  NO_REASSIGNMENT_IN_PROGRESS: [85, false, 'The partition is not being reassigned.'],
  GROUP_SUBSCRIBED_TO_TOPIC: [86, false, 'The group is subscribed to the topic.'],
  INVALID_RECORD: [87, false, 'A record is not valid.'],
  UNSTABLE_OFFSET_COMMIT: [88, true, 'Offsets of an open transaction are not decided yet.'],
  THROTTLING_QUOTA_EXCEEDED: [89, true, 'The quota is used up.'],
  PRODUCER_FENCED: [90, false, 'A newer producer has taken over the transactional id.'],
  RESOURCE_NOT_FOUND: [91, false, 'The resource does not exist.'],
  DUPLICATE_RESOURCE: [92, false, 'The request names a resource twice.'],
  UNACCEPTABLE_CREDENTIAL: [93, false, 'The credential does not meet the rules.'],
  INCONSISTENT_VOTER_SET: [94, false, 'Sender or receiver is not among the voters.'],
  INVALID_UPDATE_VERSION: [95, false, 'The version of the update is not valid.'],
  FEATURE_UPDATE_FAILED: [96, false, 'The features could not be updated.'],
  PRINCIPAL_DESERIALIZATION_FAILURE: [97, false, 'The forwarded principal cannot be read.'],
  SNAPSHOT_NOT_FOUND: [98, false, 'The snapshot does not exist.'],
  POSITION_OUT_OF_RANGE: [99, false, 'The position lies outside the snapshot.'],
  UNKNOWN_TOPIC_ID: [100, true, 'This server does not have a topic of this id.'],
  DUPLICATE_BROKER_REGISTRATION: [101, false, 'The broker id is in use.'],
  BROKER_ID_NOT_REGISTERED: [102, false, 'The broker id is not registered.'],
  INCONSISTENT_TOPIC_ID: [103, true, 'The topic id is not the one of the log.'],
  INCONSISTENT_CLUSTER_ID: [104, false, 'The cluster id is not the one of this cluster.'],
  TRANSACTIONAL_ID_NOT_FOUND: [105, false, 'The transactional id does not exist.'],
  FETCH_SESSION_TOPIC_ID_ERROR: [106, true, 'The fetch session mixes topic ids and names.'],
  INELIGIBLE_REPLICA: [107, false, 'A replica of the new in-sync set may not join it.'],
  NEW_LEADER_ELECTED: [108, false, 'The partition was changed, and its leader with it.'],
  OFFSET_MOVED_TO_TIERED_STORAGE: [109, false, 'The offset is in tiered storage.'],
  FENCED_MEMBER_EPOCH: [110, false, 'The member is fenced and must join again.'],
  UNRELEASED_INSTANCE_ID: [111, false, 'The instance id is still in use by another member.'],
  UNSUPPORTED_ASSIGNOR: [112, false, 'The group does not support the assignor.'],
  STALE_MEMBER_EPOCH: [113, false, 'The member epoch is out of date.'],
  MISMATCHED_ENDPOINT_TYPE: [114, false, 'The request came to the wrong kind of endpoint.'],
  UNSUPPORTED_ENDPOINT_TYPE: [115, false, 'The kind of endpoint is not supported.'],
  UNKNOWN_CONTROLLER_ID: [116, false, 'The controller id is not known.'],
  UNKNOWN_SUBSCRIPTION_ID: [117, false, 'The telemetry subscription is not known.'],
  TELEMETRY_TOO_LARGE: [118, false, 'The telemetry is larger than the broker accepts.'],
  INVALID_REGISTRATION: [119, false, 'The registration of the broker is not valid.'],
  TRANSACTION_ABORTABLE: [120, false, 'The transaction failed; abort it to go on.'],
  INVALID_RECORD_STATE: [121, false, 'The record is in no state to be acknowledged.'],
  SHARE_SESSION_NOT_FOUND: [122, true, 'The share session does not exist.'],
  INVALID_SHARE_SESSION_EPOCH: [
    123,
    true,
    'The epoch of the share session is not the expected one.',
  ],
  FENCED_STATE_EPOCH: [124, false, 'The state epoch of the share group is out of date.'],
  INVALID_VOTER_KEY: [125, false, 'The voter key is not the one of the replica.'],
  DUPLICATE_VOTER: [126, false, 'The voter is in the set already.'],
  VOTER_NOT_FOUND: [127, false, 'The voter is not in the set.'],
  INVALID_REGULAR_EXPRESSION: [128, false, 'The regular expression is not valid.'],
  REBOOTSTRAP_REQUIRED: [129, false, 'The metadata of the client is stale; it must start over.'],
  STREAMS_INVALID_TOPOLOGY: [130, false, 'The topology is not valid.'],
  STREAMS_INVALID_TOPOLOGY_EPOCH: [131, false, 'The epoch of the topology is not valid.'],
  STREAMS_TOPOLOGY_FENCED: [132, false, 'The epoch of the topology is out of date.'],
  SHARE_SESSION_LIMIT_REACHED: [133, true, 'No more share sessions are possible.'],
} as const satisfies Record<string, readonly [number, boolean, string]>;

export type ErrorName = keyof typeof TABLE;

/** Codes by name: `ErrorCode.OFFSET_OUT_OF_RANGE` is 1. */
export const ErrorCode = Object.freeze(
  Object.fromEntries(Object.entries(TABLE).map(([name, [code]]) => [name, code])),
) as { readonly [N in ErrorName]: (typeof TABLE)[N][0] };
export type ErrorCode = (typeof ErrorCode)[ErrorName];

/** What is known about one error code. */
export interface ErrorInfo {
  readonly name: ErrorName;
  readonly code: ErrorCode;
  /** Whether a client may send the same request again. */
  readonly retriable: boolean;
  /** A sentence for people, used where the place of the error has none of its own. */
  readonly message: string;
}

const byCode = new Map<number, ErrorInfo>(
  Object.entries(TABLE).map(([name, [code, retriable, message]]) => [
    code,
    { name: name as ErrorName, code, retriable, message },
  ]),
);

/** Describes a code; one that is not in the table reads as UNKNOWN_SERVER_ERROR, as in Kafka. */
export function errorInfo(code: number): ErrorInfo {
  return byCode.get(code) ?? byCode.get(ErrorCode.UNKNOWN_SERVER_ERROR)!;
}
