import { SERVER_LIMITS } from '../limits.js';
import { type ErrorName, errorInfo } from '../protocol/error-codes.js';
import type { TopicNames } from './faults.js';

const { trackedNamesMax, trackedNameLengthMax, trackedErrorDepth } = SERVER_LIMITS;

/** The lists of a message that can hold errors, or other lists that do. */
const ERROR_LISTS = ['topics', 'partitions', 'responses', 'results', 'resources', 'groups'];

interface Named {
  readonly name?: unknown;
  readonly topic?: unknown;
  readonly topicId?: unknown;
}

/**
 * Names of the topics that a request lists, at most `trackedNamesMax` of them. `topicName` returns
 * the name of a topic by its id.
 */
export function topicsOf(request: object, topicName: TopicNames): string[] {
  const { topics } = request as { topics?: unknown };
  if (!Array.isArray(topics)) return [];
  const names = new Set<string>();
  for (const topic of topics.slice(0, trackedNamesMax) as (Named | string | null)[]) {
    const name = typeof topic === 'string' ? topic : nameOf(topic ?? {}, topicName);
    if (name !== '') names.add(shortened(name));
  }
  return [...names];
}

function nameOf({ name, topic, topicId }: Named, topicName: TopicNames): string {
  if (typeof name === 'string' && name !== '') return name;
  if (typeof topic === 'string' && topic !== '') return topic;
  return typeof topicId === 'string' ? (topicName(topicId) ?? '') : '';
}

/** The group that a request is about; null where it names none. */
export function groupOf(request: object): string | null {
  const { groupId, groups, groupsNames } = request as Record<string, unknown>;
  if (typeof groupId === 'string') return shortened(groupId);
  const [first] = Array.isArray(groups) ? groups : Array.isArray(groupsNames) ? groupsNames : [];
  if (typeof first === 'string') return shortened(first);
  const id = (first as { groupId?: unknown } | undefined)?.groupId;
  return typeof id === 'string' ? shortened(id) : null;
}

/** The first error of an answer; null where there is none among its first entries. */
export function errorOf(answer: object | null): ErrorName | null {
  const code = answer === null ? 0 : firstCode(answer, trackedErrorDepth);
  return code === 0 ? null : errorInfo(code).name;
}

function firstCode(message: object, depth: number): number {
  const fields = message as Record<string, unknown>;
  if (typeof fields.errorCode === 'number' && fields.errorCode !== 0) return fields.errorCode;
  if (depth === 0) return 0;
  for (const name of ERROR_LISTS) {
    const list = fields[name];
    if (!Array.isArray(list)) continue;
    for (const entry of list.slice(0, trackedNamesMax)) {
      const code = typeof entry === 'object' && entry !== null ? firstCode(entry, depth - 1) : 0;
      if (code !== 0) return code;
    }
  }
  return 0;
}

/** Text of a client, which may be long. */
export function shortened(text: string): string {
  return text.slice(0, trackedNameLengthMax);
}
