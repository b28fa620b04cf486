import type { SettingRow } from './setting.js';

/** A group of keys that are refused for the same reason. */
export interface PromiseGroup {
  /** Completes "KEY=VALUE is refused: …". Says what to do. */
  readonly reason: string;
  readonly rows: readonly SettingRow[];
}

/**
 * Keys whose neglect would weaken a promise that the writer of the file relies on: encryption,
 * authentication, authorization, quotas, policies, copies of the data. Any value but the default
 * stops the start. Types, defaults and ranges are Apache Kafka 4.3.1's, except that the replication
 * factors and in-sync minima of internal topics default to 1 (Kafka: 3 and 2), because there is one
 * copy and DescribeConfigs should say so.
 */
export const promiseGroups: readonly PromiseGroup[] = [
  {
    reason:
      'this broker does not speak TLS; remove the key, or put a TLS proxy in front of a PLAINTEXT listener',
    rows: [
      ['ssl.allow.dn.changes', 'boolean', 'false'],
      ['ssl.allow.san.changes', 'boolean', 'false'],
      ['ssl.cipher.suites', 'list', ''],
      ['ssl.client.auth', 'string', 'none', { oneOf: ['required', 'requested', 'none'] }],
      ['ssl.enabled.protocols', 'list', 'TLSv1.2,TLSv1.3'],
      ['ssl.endpoint.identification.algorithm', 'string', 'https'],
      ['ssl.engine.factory.class', 'class', null],
      ['ssl.key.password', 'password', null],
      ['ssl.keymanager.algorithm', 'string', 'SunX509'],
      ['ssl.keystore.certificate.chain', 'password', null],
      ['ssl.keystore.key', 'password', null],
      ['ssl.keystore.location', 'string', null],
      ['ssl.keystore.password', 'password', null],
      ['ssl.keystore.type', 'string', 'JKS'],
      ['ssl.principal.mapping.rules', 'string', 'DEFAULT'],
      ['ssl.protocol', 'string', 'TLSv1.3'],
      ['ssl.provider', 'string', null],
      ['ssl.secure.random.implementation', 'string', null],
      ['ssl.trustmanager.algorithm', 'string', 'PKIX'],
      ['ssl.truststore.certificates', 'password', null],
      ['ssl.truststore.location', 'string', null],
      ['ssl.truststore.password', 'password', null],
      ['ssl.truststore.type', 'string', 'JKS'],
    ],
  },
  {
    reason: 'this broker does not authenticate clients; remove the key',
    rows: [
      ['connections.max.reauth.ms', 'long', '0'],
      ['delegation.token.secret.key', 'password', null],
      ['sasl.client.callback.handler.class', 'class', null],
      ['sasl.enabled.mechanisms', 'list', 'GSSAPI'],
      ['sasl.jaas.config', 'password', null],
      ['sasl.kerberos.kinit.cmd', 'string', '/usr/bin/kinit'],
      ['sasl.kerberos.min.time.before.relogin', 'long', '60000'],
      ['sasl.kerberos.principal.to.local.rules', 'list', 'DEFAULT'],
      ['sasl.kerberos.service.name', 'string', null],
      ['sasl.kerberos.ticket.renew.jitter', 'double', '0.05'],
      ['sasl.kerberos.ticket.renew.window.factor', 'double', '0.8'],
      ['sasl.login.callback.handler.class', 'class', null],
      ['sasl.login.class', 'class', null],
      ['sasl.login.connect.timeout.ms', 'int', null],
      ['sasl.login.read.timeout.ms', 'int', null],
      ['sasl.login.refresh.buffer.seconds', 'short', '300'],
      ['sasl.login.refresh.min.period.seconds', 'short', '60'],
      ['sasl.login.refresh.window.factor', 'double', '0.8'],
      ['sasl.login.refresh.window.jitter', 'double', '0.05'],
      ['sasl.login.retry.backoff.max.ms', 'long', '10000'],
      ['sasl.login.retry.backoff.ms', 'long', '100'],
      ['sasl.mechanism.controller.protocol', 'string', 'GSSAPI'],
      ['sasl.mechanism.inter.broker.protocol', 'string', 'GSSAPI'],
      [
        'sasl.oauthbearer.assertion.algorithm',
        'string',
        'RS256',
        { oneOf: ['ES256', 'RS256'], anyCase: true },
      ],
      ['sasl.oauthbearer.assertion.claim.aud', 'string', null],
      ['sasl.oauthbearer.assertion.claim.exp.seconds', 'int', '300', { min: 0, max: 86400 }],
      ['sasl.oauthbearer.assertion.claim.iss', 'string', null],
      ['sasl.oauthbearer.assertion.claim.jti.include', 'boolean', 'false'],
      ['sasl.oauthbearer.assertion.claim.nbf.seconds', 'int', '60', { min: 0, max: 3600 }],
      ['sasl.oauthbearer.assertion.claim.sub', 'string', null],
      ['sasl.oauthbearer.assertion.file', 'string', null],
      ['sasl.oauthbearer.assertion.private.key.file', 'string', null],
      ['sasl.oauthbearer.assertion.private.key.passphrase', 'password', null],
      ['sasl.oauthbearer.assertion.template.file', 'string', null],
      ['sasl.oauthbearer.client.credentials.client.id', 'string', null],
      ['sasl.oauthbearer.client.credentials.client.secret', 'password', null],
      ['sasl.oauthbearer.clock.skew.seconds', 'int', '30'],
      ['sasl.oauthbearer.expected.audience', 'list', ''],
      ['sasl.oauthbearer.expected.issuer', 'string', null],
      ['sasl.oauthbearer.jwks.endpoint.refresh.ms', 'long', '3600000'],
      ['sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms', 'long', '10000'],
      ['sasl.oauthbearer.jwks.endpoint.retry.backoff.ms', 'long', '100'],
      ['sasl.oauthbearer.jwks.endpoint.url', 'string', null],
      [
        'sasl.oauthbearer.jwt.retriever.class',
        'class',
        'org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever',
      ],
      [
        'sasl.oauthbearer.jwt.validator.class',
        'class',
        'org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator',
      ],
      ['sasl.oauthbearer.scope', 'string', null],
      ['sasl.oauthbearer.scope.claim.name', 'string', 'scope'],
      ['sasl.oauthbearer.sub.claim.name', 'string', 'sub'],
      ['sasl.oauthbearer.token.endpoint.url', 'string', null],
      ['sasl.server.callback.handler.class', 'class', null],
      ['sasl.server.max.receive.size', 'int', '524288'],
    ],
  },
  {
    reason: 'this broker does not authenticate or authorize clients; remove the key',
    rows: [
      ['authorizer.class.name', 'string', ''],
      [
        'principal.builder.class',
        'class',
        'org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder',
      ],
      [
        'security.inter.broker.protocol',
        'string',
        'PLAINTEXT',
        { oneOf: ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] },
      ],
      ['security.providers', 'string', null],
    ],
  },
  {
    reason: 'this broker has no quotas; remove the key',
    rows: [
      ['client.quota.callback.class', 'class', null],
      ['max.connection.creation.rate', 'int', '2147483647', { min: 0 }],
      ['max.connections.per.ip.overrides', 'string', ''],
      ['quota.window.num', 'int', '11', { min: 1 }],
      ['quota.window.size.seconds', 'int', '1', { min: 1 }],
    ],
  },
  {
    reason:
      'this broker cannot load Java classes, so the policy would not be enforced; remove the key',
    rows: [
      ['alter.config.policy.class.name', 'class', null],
      ['create.topic.policy.class.name', 'class', null],
    ],
  },
  {
    reason: 'this broker does not resolve values from providers; write the values themselves',
    rows: [['config.providers', 'list', '']],
  },
  {
    reason: 'this broker has one data directory, which must take new partitions; remove the key',
    rows: [['cordoned.log.dirs', 'list', '']],
  },
  {
    reason: 'this broker has no tiered storage, so no copy would be made; set it to false',
    rows: [['remote.log.storage.system.enable', 'boolean', 'false']],
  },
  {
    reason: 'this broker keeps one copy of the data; set it to 1',
    rows: [
      ['default.replication.factor', 'int', '1', { min: 1 }],
      ['offsets.topic.replication.factor', 'short', '1', { min: 1 }],
      ['share.coordinator.state.topic.min.isr', 'short', '1', { min: 1 }],
      ['share.coordinator.state.topic.replication.factor', 'short', '1', { min: 1 }],
      ['transaction.state.log.min.isr', 'int', '1', { min: 1 }],
      ['transaction.state.log.replication.factor', 'short', '1', { min: 1 }],
    ],
  },
  {
    reason: 'this broker does not preallocate segment files; set it to false',
    rows: [['log.preallocate', 'boolean', 'false']],
  },
];
