/** Beginnings of requests: HTTP/1, HTTP/2, and SSH. */
const BEGINNINGS: Readonly<Record<string, string>> = {
  'GET ': 'HTTP',
  POST: 'HTTP',
  'PUT ': 'HTTP',
  HEAD: 'HTTP',
  OPTI: 'HTTP',
  DELE: 'HTTP',
  PATC: 'HTTP',
  CONN: 'HTTP',
  'PRI ': 'HTTP',
  'SSH-': 'SSH',
};

/** A handshake of SSL 3 or of any TLS. */
const TLS_HANDSHAKE = 0x1603;

/**
 * The protocol that a stream begins with, whose first four bytes were read as the size of a frame.
 * Null where they are none that is known.
 */
export function foreignProtocol(size: number): string | null {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(size);
  if (bytes.readUInt16BE() === TLS_HANDSHAKE) return 'TLS';
  return BEGINNINGS[bytes.toString('latin1')] ?? null;
}

/** What an operator is told about it. */
export function foreignAdvice(protocol: string): string {
  return protocol === 'TLS'
    ? 'this is TLS: the listener is PLAINTEXT, so set security.protocol=PLAINTEXT in the client'
    : `this is ${protocol}: the port speaks Kafka's protocol alone`;
}
