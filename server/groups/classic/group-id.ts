import { SERVER_LIMITS } from '../../limits.js';

/**
 * Whether an id is allowed: of bounded length, and without control characters, which must not reach
 * a terminal.
 */
export function isTidyId(id: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return id.length <= SERVER_LIMITS.groupIdLengthMax && !/[\u0000-\u001f\u007f-\u009f]/.test(id);
}

/** The beginning of a new member's id: its instance or client, in bounds. */
export function memberIdPrefix(clientOrInstance: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return clientOrInstance.slice(0, 255).replace(/[\u0000-\u001f\u007f-\u009f]/g, '');
}
