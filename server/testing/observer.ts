import type { OpenHandler } from '../request/open-handler.js';
import type { TopicNames } from './faults.js';

/** Looks on while a broker serves. */
export interface Observer {
  /** The same handlers, looked at. `topicName` returns the name of a topic by its id. */
  around(handlers: readonly OpenHandler[], topicName: TopicNames): OpenHandler[];
  /** Called when readers of a partition may see more, or its role has changed. */
  moved(): void;
}
