import { shown } from '../../engine/index.js';
import { APIS } from '../handlers/apis.js';
import { nearestText } from '../settings/nearest-text.js';
import type { RequestFilter } from '../testing/request-log.js';
import { TestBrokerError } from './test-broker-error.js';

/** Refuses what is no object, and options that there are not: INVALID_OPTION. */
export function assertOptions(what: string, options: object, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) {
    throw new TestBrokerError('INVALID_OPTION', `${what} takes an object, not ${shown(options)}`);
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
  const isText = typeof api === 'string';
  if (api === undefined || (isText && Object.hasOwn(APIS, api))) return;
  const nearest = isText ? nearestText(': did you mean ', api, Object.keys(APIS), '?') : '';
  throw new TestBrokerError('INVALID_OPTION', `there is no API ${shown(api)}${nearest}`);
}

/** Throws INVALID_OPTION for a name that is no text: nothing has it, and no message can say it. */
export function assertText(name: string, value: unknown): void {
  if (typeof value === 'string') return;
  throw new TestBrokerError('INVALID_OPTION', `${name} is text, not ${shown(value)}`);
}

/** Throws INVALID_OPTION for what is no count, nor left out. */
export function assertCount(name: string, value: number | undefined): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= 0)) return;
  throw new TestBrokerError(
    'INVALID_OPTION',
    `${name} is a whole number from 0 on, not ${shown(value)}`,
  );
}

/** Throws INVALID_OPTION where a filter of requests can find nothing, as it is written. */
export function assertFilter(filter: RequestFilter): void {
  assertApi(filter.api);
  for (const name of ['topic', 'clientId', 'group'] as const) {
    if (filter[name] !== undefined) assertText(name, filter[name]);
  }
}
