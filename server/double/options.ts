import { APIS } from '../handlers/apis.js';
import { nearestText } from '../settings/nearest-text.js';
import { TestBrokerError } from './test-broker-error.js';

/** Refuses what is no object, and options that there are not: INVALID_OPTION. */
export function assertOptions(what: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new TestBrokerError('INVALID_OPTION', `${what} takes an object, not ${String(options)}`);
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const nearest = nearestText(': did you mean ', name, known, '?');
    throw new TestBrokerError(
      'INVALID_OPTION',
      `${what} has no option ${JSON.stringify(name.slice(0, 100))}${nearest || `: it has ${known.join(', ')}`}`,
    );
  }
}

/** Throws INVALID_OPTION for an API that there is not: a filter by it would never find anything. */
export function assertApi(api: string | undefined): void {
  if (api === undefined || Object.hasOwn(APIS, api)) return;
  const nearest = nearestText(': did you mean ', String(api), Object.keys(APIS), '?');
  const shown = JSON.stringify(String(api).slice(0, 100));
  throw new TestBrokerError('INVALID_OPTION', `there is no API ${shown}${nearest}`);
}
