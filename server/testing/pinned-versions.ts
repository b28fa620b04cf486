import { nearestName } from '../../engine/index.js';
import { APIS, type ApiName } from '../handlers/apis.js';
import type { Api } from '../protocol/api.js';
import { HIGHEST_VERSIONS, KAFKA_RELEASES, type KafkaRelease } from './kafka-releases.js';

/**
 * The versions that a broker announces: those of a release of Apache Kafka, or ranges of versions
 * by API, inclusive; an API that is not named keeps its own.
 */
export type PinnedVersions =
  | KafkaRelease
  | Readonly<Partial<Record<ApiName, readonly [min: number, max: number]>>>;

/** An API with the versions that are announced; null where it is not served. */
export type NarrowApi = (api: Api) => Api | null;

/**
 * Throws a TypeError for a release or an API that there is not, and a RangeError for versions that
 * are not served.
 */
export function narrowTo(versions: PinnedVersions): NarrowApi {
  if (typeof versions === 'string') {
    const release = KAFKA_RELEASES.indexOf(versions);
    if (release < 0) throw unknown('release', versions, KAFKA_RELEASES);
    return (api) => narrowed(api, api.advertiseMin, highestOf(api.key, release));
  }
  if (typeof versions !== 'object' || versions === null) {
    throw new TypeError(`versions are a release or ranges by API, not ${String(versions)}`);
  }
  const ranges = new Map(Object.entries(versions));
  for (const [name, range] of ranges) assertRange(name, range);
  return (api) => {
    const range = ranges.get(api.name);
    return range === undefined ? api : narrowed(api, range[0], range[1]);
  };
}

function highestOf(key: number, release: number): number {
  const steps = HIGHEST_VERSIONS[key] ?? {};
  let highest = -1;
  for (const each of KAFKA_RELEASES.slice(0, release + 1)) highest = steps[each] ?? highest;
  return highest;
}

/** What is announced below the lowest version that is served stays announced. */
function narrowed(api: Api, min: number, max: number): Api | null {
  if (max < api.min) return null;
  return {
    ...api,
    min: Math.max(api.min, min),
    advertiseMin: Math.max(api.advertiseMin, min),
    max: Math.min(api.max, max),
  };
}

function assertRange(name: string, range: unknown): void {
  if (!Object.hasOwn(APIS, name)) throw unknown('API', name, Object.keys(APIS));
  const { min, max } = APIS[name as ApiName];
  const [from, to] = Array.isArray(range) && range.length === 2 ? range : [];
  if (Number.isInteger(from) && Number.isInteger(to) && from <= to && from <= max && to >= min) {
    return;
  }
  throw new RangeError(
    `versions of ${name} are [min, max] with a part of ${min} to ${max}, not ${JSON.stringify(range)}`,
  );
}

function unknown(what: string, name: string, known: readonly string[]): TypeError {
  const nearest = nearestName(String(name), known);
  const advice =
    nearest === null
      ? `: there are ${known.slice(0, 40).join(', ')}`
      : `: did you mean ${nearest}?`;
  return new TypeError(`there is no ${what} ${JSON.stringify(name)}${advice}`);
}
