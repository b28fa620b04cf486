/** What can be done to a resource, as Kafka's access control calls it. */
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

/** What it can be done to. There is one cluster; the others have names. */
export type ResourceKind = 'topic' | 'group' | 'transactionalId' | 'cluster';

/** An operation on resources of a kind. */
export interface Right {
  readonly operation: Operation;
  readonly resource: ResourceKind;
}

/**
 * A right that a request needs, on each resource of the kind that it names; one that names none
 * needs it not. `or` is another right that does as well.
 */
export interface Ask extends Right {
  readonly or?: Right;
}
