import type { JobName, Jobs } from './job-runner.js';

/** One job on its way to a worker thread. */
export interface JobRequest {
  readonly name: JobName;
  readonly input: Jobs[JobName]['input'];
  /** Four bytes; not zero: the pool is being closed. */
  readonly stop: SharedArrayBuffer;
}

/**
 * A job's end on its way back. Errors travel as plain data, because cloning one between threads
 * drops its `code`.
 */
export type JobReply =
  | { readonly output: Jobs[JobName]['output'] }
  | { readonly failure: { readonly message: string; readonly code: string | undefined } };

/** The reply that carries the error of a failed job. */
export function failureOf(error: unknown): JobReply {
  const { message, code } = error as { message?: unknown; code?: unknown };
  return {
    failure: {
      message: typeof message === 'string' ? message : String(error),
      code: typeof code === 'string' ? code : undefined,
    },
  };
}

/** The output, or the job's error thrown again with its message and `code`. */
export function outputOf(reply: JobReply): Jobs[JobName]['output'] {
  if ('output' in reply) return reply.output;
  const { message, code } = reply.failure;
  throw code === undefined ? new Error(message) : Object.assign(new Error(message), { code });
}
