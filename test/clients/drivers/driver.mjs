import { createInterface } from 'node:readline';
import { inspect } from 'node:util';

/** Tells something that nobody asked for. */
export function tell(event, fields) {
  process.stdout.write(`${JSON.stringify({ event, ...fields })}\n`);
}

/** Serves commands from stdin, one at a time, until it ends; see README.md. */
export async function serve(commands) {
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, op, ...args } = JSON.parse(line);
    const answer = await Promise.resolve()
      .then(() => commands[op](args))
      .then((ok) => ({ id, ok: ok ?? null }))
      .catch((error) => ({ id, error: inspect(error, { depth: 6 }) }));
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
  process.exit(0);
}

/** Text of bytes that may be null. */
export function text(bytes) {
  return bytes === null || bytes === undefined ? null : bytes.toString();
}
