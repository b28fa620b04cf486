import { SERVER_LIMITS } from '../../limits.js';
import type { Duration } from '../../testing/duration.js';
import type { DisconnectOptions, Fault, Faults } from '../../testing/faults.js';
import { assertOptions } from '../options.js';
import { ControlError } from './control-error.js';

/** A fault as the control port tells of it. */
export interface ToldFault {
  readonly id: number;
  /** Requests that it has met. */
  readonly count: number;
  /** Whether it has met its last request. */
  readonly done: boolean;
}

const KINDS = ['error', 'errors', 'disconnect', 'delay', 'throttle'];
const FIELDS = ['api', 'times', 'topic', 'partition', ...KINDS];

/** The faults that were ordered over the control port, by id. */
export class ControlFaults {
  readonly #faults: Faults;
  readonly #ordered = new Map<number, { readonly fault: Fault; done: boolean }>();
  #lastId = 0;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  /**
   * Orders a fault: `api`, one of `error`, `errors`, `disconnect` (`request` or `answer`), `delay`,
   * `throttle`, and `times` (a number or `all`), `topic`, `partition`.
   */
  order(body: Readonly<Record<string, unknown>>): ToldFault {
    assertOptions('a fault', body, FIELDS);
    if (this.#ordered.size >= SERVER_LIMITS.controlFaultsMax) {
      throw new ControlError(
        409,
        'TOO_MANY_FAULTS',
        `there are ${this.#ordered.size} faults: DELETE /faults first`,
      );
    }
    const kinds = KINDS.filter((kind) => body[kind] !== undefined);
    if (kinds.length !== 1) {
      throw new ControlError(
        400,
        'INVALID_OPTION',
        `a fault has one of ${KINDS.join(', ')}${kinds.length === 0 ? '' : `, not ${kinds.join(' and ')}`}`,
      );
    }
    const fault = arm(this.#faults, body);
    const id = ++this.#lastId;
    const entry = { fault, done: false };
    this.#ordered.set(id, entry);
    void fault.done.then(() => {
      entry.done = true;
    });
    return this.tell(id);
  }

  /** Throws NOT_FOUND. */
  tell(id: number): ToldFault {
    const { fault, done } = this.#of(id);
    return { id, count: fault.count, done };
  }

  all(): ToldFault[] {
    return [...this.#ordered.keys()].map((id) => this.tell(id));
  }

  /** Throws NOT_FOUND. */
  cancel(id: number): void {
    this.#of(id).fault.cancel();
    this.#ordered.delete(id);
  }

  clear(): void {
    this.#faults.clear();
    this.#ordered.clear();
  }

  #of(id: number) {
    const entry = this.#ordered.get(id);
    if (entry !== undefined) return entry;
    throw new ControlError(404, 'NOT_FOUND', 'there is no fault with this id');
  }
}

function arm(faults: Faults, body: Readonly<Record<string, unknown>>): Fault {
  const { api, error, errors, disconnect, delay, throttle, ...rest } = body;
  const options = optionsOf(rest);
  // What is no API, no error or no duration is refused by the faults themselves.
  if (error !== undefined)
    return faults.next(api as 'Produce', error as 'NOT_COORDINATOR', options);
  if (errors !== undefined) {
    if (!Array.isArray(errors)) throw invalid('errors is a list of names and nulls');
    return faults.next(api as 'Produce', errors, options);
  }
  if (delay !== undefined) return faults.delay(api as 'any', delay as Duration, options);
  if (throttle !== undefined) return faults.throttle(api as 'any', throttle as Duration, options);
  if (disconnect !== 'request' && disconnect !== 'answer') {
    throw invalid("disconnect is the message that gets lost: 'request' or 'answer'");
  }
  return faults.disconnect(api as 'any', { ...options, lose: disconnect });
}

function optionsOf({ times, topic, partition }: Readonly<Record<string, unknown>>) {
  if (topic !== undefined && typeof topic !== 'string') throw invalid('topic is text');
  if (partition !== undefined && !Number.isSafeInteger(partition)) {
    throw invalid('partition is a whole number');
  }
  // JSON has no Infinity.
  const options: Record<string, unknown> = { times: times === 'all' ? Infinity : (times ?? 1) };
  if (topic !== undefined) options.topic = topic;
  if (partition !== undefined) options.partition = partition;
  return options as DisconnectOptions;
}

function invalid(message: string): ControlError {
  return new ControlError(400, 'INVALID_OPTION', message);
}
