import type { BrokerImage } from './image.js';

/** What a connection tells of the way that it came. */
interface WayIn {
  /** Name of the listener, upper case. */
  readonly listener: string;
  readonly localAddress: string;
  readonly localPort: number;
}

/**
 * Where the client of `connection` reaches a broker on the listener that it came by; null if the
 * broker has no such listener. What is not fixed is what the client itself connected to: the
 * address of an `as-connected` listener, the port of one that was given a free port.
 */
export function endpointFor(
  broker: BrokerImage,
  connection: WayIn,
): { host: string; port: number } | null {
  const advertised = broker.endpoints.get(connection.listener);
  if (advertised === undefined) return null;
  if (advertised.kind === 'as-connected') {
    return { host: plainAddress(connection.localAddress), port: connection.localPort };
  }
  return {
    host: advertised.host,
    port: advertised.port === 0 ? connection.localPort : advertised.port,
  };
}

/**
 * A socket that listens on both families shows IPv4 addresses as ::ffff:a.b.c.d, which clients need
 * not understand.
 */
function plainAddress(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}
