import { isIPv4, isIPv6 } from 'node:net';
import { splitList } from './value.js';

/** The address that Metadata and DescribeCluster give to a client that asks on a listener. */
export type Advertised =
  /** Port 0 stands for the port that the listener was given. */
  | { readonly kind: 'fixed'; readonly host: string; readonly port: number }
  /** The address and port at which this client's own connection arrived. */
  | { readonly kind: 'as-connected' };

/** One address to listen on, by Kafka's `NAME://HOST:PORT`. */
export interface Listener {
  /** Upper case. */
  readonly name: string;
  /** As written, without brackets; empty for every address. */
  readonly host: string;
  /** 0 for a free port of the system's choice. */
  readonly port: number;
  readonly advertised: Advertised;
}

/** The keys that describe listeners; null where not set. */
export interface ListenerTexts {
  readonly listeners: string;
  readonly advertisedListeners: string | null;
  readonly protocolMap: string;
  readonly controllerListenerNames: string | null;
}

export interface ParsedListeners {
  readonly listeners: readonly Listener[];
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

interface Endpoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

const ENDPOINT = /^([A-Za-z0-9_-]+):\/\/(\[[^\]]*\]|[^:/\s[\]]*):([0-9]{1,5})$/;
const HOST = /^[A-Za-z0-9._-]*$/;
const PROTOCOLS = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'];
const WILDCARDS = ['', '0.0.0.0', '::'];

/**
 * Reads the listeners and what they advertise. Listeners of a controller quorum are left out. A
 * listener on every address without an advertised one advertises the address that each client
 * connected to, and a warning says so.
 */
export function parseListeners(texts: ListenerTexts): ParsedListeners {
  const problems: string[] = [];
  const warnings: string[] = [];
  const controllers = new Set(
    splitList(texts.controllerListenerNames ?? '').map((name) => name.toUpperCase()),
  );
  const isOurs = ({ name }: Endpoint): boolean => !controllers.has(name);
  const endpoints = parseEndpoints('listeners', texts.listeners, problems).filter(isOurs);
  const advertised = parseEndpoints(
    'advertised.listeners',
    texts.advertisedListeners ?? '',
    problems,
  ).filter(isOurs);
  if (endpoints.length === 0 && problems.length === 0) {
    problems.push(
      `listeners=${texts.listeners} leaves nothing to listen on: name at least one, such as PLAINTEXT://localhost:9092`,
    );
  }
  problems.push(...portConflicts(endpoints));
  problems.push(...protocolProblems(endpoints, texts.protocolMap));
  for (const { name } of advertised) {
    if (!endpoints.some((endpoint) => endpoint.name === name)) {
      problems.push(
        `advertised.listeners names ${name}, which is not among the listeners: add it there or remove it here`,
      );
    }
  }
  const listeners = endpoints.map((endpoint): Listener => {
    const fixed = advertised.find(({ name }) => name === endpoint.name);
    if (fixed !== undefined) problems.push(...advertisedProblems(fixed, endpoint));
    const source = fixed ?? endpoint;
    if (fixed === undefined && isWildcard(endpoint.host)) {
      warnings.push(
        `listener ${endpoint.name} is open on every address and advertised.listeners does not name it: ` +
          'each client is told the address that it connected to; set advertised.listeners if clients come through a proxy or a port mapping',
      );
      return { ...endpoint, advertised: { kind: 'as-connected' } };
    }
    return { ...endpoint, advertised: { kind: 'fixed', host: source.host, port: source.port } };
  });
  return { listeners, problems, warnings };
}

/** `NAME://HOST:PORT`, with brackets around an IPv6 address. */
export function formatEndpoint(name: string, host: string, port: number): string {
  // The colon is looked for first: the first call of isIPv6 compiles a large expression, which
  // takes 4 ms of every start.
  const isBare = host.includes(':') && isIPv6(host);
  return `${name}://${isBare ? `[${host}]` : host}:${port}`;
}

/**
 * Whether a listener with this host is open on every address, so that clients cannot connect to
 * that host.
 */
export function isWildcard(host: string): boolean {
  return WILDCARDS.includes(host);
}

function parseEndpoints(key: string, text: string, problems: string[]): Endpoint[] {
  const endpoints: Endpoint[] = [];
  for (const element of splitList(text)) {
    const endpoint = parseEndpoint(element);
    if (endpoint === undefined) {
      problems.push(
        `${key}: ${JSON.stringify(element)} is not NAME://HOST:PORT with a port from 0 to 65535; write for example PLAINTEXT://localhost:9092, an IPv6 address in brackets`,
      );
    } else if (endpoints.some(({ name }) => name === endpoint.name)) {
      problems.push(
        `${key} names ${endpoint.name} twice: give each listener its own name and map it in listener.security.protocol.map`,
      );
    } else {
      endpoints.push(endpoint);
    }
  }
  return endpoints;
}

function parseEndpoint(element: string): Endpoint | undefined {
  const [, name, rawHost, portText] = ENDPOINT.exec(element) ?? [];
  if (name === undefined || rawHost === undefined || portText === undefined) return undefined;
  const port = Number(portText);
  const host = rawHost.startsWith('[') ? rawHost.slice(1, -1) : rawHost;
  const isValid = rawHost.startsWith('[') ? isIPv6(host) : HOST.test(host);
  return isValid && port <= 65_535 ? { name: name.toUpperCase(), host, port } : undefined;
}

/** Two listeners may share a port only if one is IPv4 and the other IPv6, as in Kafka. */
function portConflicts(endpoints: readonly Endpoint[]): string[] {
  const problems: string[] = [];
  endpoints.forEach((first, index) => {
    for (const second of endpoints.slice(index + 1)) {
      const apart =
        (isIPv4(first.host) && isIPv6(second.host)) || (isIPv6(first.host) && isIPv4(second.host));
      if (first.port !== 0 && first.port === second.port && !apart) {
        problems.push(
          `listeners: ${first.name} and ${second.name} both use port ${first.port}: give each its own port`,
        );
      }
    }
  });
  return problems;
}

/** Entries of the map for names that are not opened are harmless: stock files carry them. */
function protocolProblems(endpoints: readonly Endpoint[], protocolMap: string): string[] {
  const key = 'listener.security.protocol.map';
  const problems: string[] = [];
  const protocols = new Map<string, string>();
  for (const element of splitList(protocolMap)) {
    const [name = '', protocol = '', ...rest] = element.split(':').map((part) => part.trim());
    const upper = protocol.toUpperCase();
    if (name === '' || rest.length > 0 || !PROTOCOLS.includes(upper)) {
      problems.push(
        `${key}: ${JSON.stringify(element)} is not NAME:PROTOCOL with one of ${PROTOCOLS.join(', ')}`,
      );
    }
    protocols.set(name.toUpperCase(), upper);
  }
  for (const { name } of endpoints) {
    const protocol = protocols.get(name);
    if (protocol === undefined) {
      problems.push(`${key} has no entry for the listener ${name}: add ${name}:PLAINTEXT`);
    } else if (protocol !== 'PLAINTEXT') {
      problems.push(
        `${key} gives the listener ${name} the protocol ${protocol}, but this broker speaks only PLAINTEXT: use PLAINTEXT, or remove the listener`,
      );
    }
  }
  return problems;
}

function advertisedProblems(advertised: Endpoint, listener: Endpoint): string[] {
  const shown = formatEndpoint(advertised.name, advertised.host, advertised.port);
  if (isWildcard(advertised.host)) {
    return [
      `advertised.listeners: ${shown} is not an address that a client can connect to: name the host, or remove the entry to advertise the address that each client connected to`,
    ];
  }
  if (advertised.port === 0 && listener.port !== 0) {
    return [`advertised.listeners: ${shown} has port 0: name the port that clients connect to`];
  }
  return [];
}
