/** Names under which a program on this machine reaches a port of it. */
const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** The headers that say who asks, as Node gives them. */
export interface AskingHeaders {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
  readonly 'sec-fetch-site'?: string | readonly string[] | undefined;
}

/**
 * Why a request is refused, or null. A page in a browser says its origin, which is another one; a
 * name that leads here by a forged answer of the DNS stands in `Host`.
 */
export function foreignOrigin(headers: AskingHeaders): string | null {
  const { host, origin, 'sec-fetch-site': site } = headers;
  if (host === undefined || !LOOPBACK.has(hostOf(host))) {
    return 'Host is not 127.0.0.1, localhost or [::1]';
  }
  if (origin !== undefined && origin !== `http://${host}`) return 'Origin is another one';
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    return 'Sec-Fetch-Site is another one';
  }
  return null;
}

function hostOf(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '');
}
