/** An operation on a resource, under the name of Kafka's access control. */
export type Operation =
  | 'read'
  | 'write'
  | 'create'
  | 'delete'
  | 'alter'
  | 'describe'
  | 'clusterAction'
  | 'describeConfigs'
  | 'alterConfigs'
  | 'idempotentWrite';

/** The kind of a resource. There is one cluster; other resources have names. */
export type ResourceKind = 'topic' | 'group' | 'transactionalId' | 'cluster';

/** An operation on resources of a kind. */
export interface Right {
  readonly operation: Operation;
  readonly resource: ResourceKind;
}

/**
 * A right that a request needs on each resource of this kind that it names; a request that names
 * none does not need it. `or` is another right that is enough.
 */
export interface Ask extends Right {
  readonly or?: Right;
}
