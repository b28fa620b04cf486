import { isError } from '../foreign-errors.js';

/** Whether a failure is the one that the operating system calls `name`: ENOENT, EEXIST, ENOSPC … */
export function hasErrno(error: unknown, name: string): boolean {
  return isError(error) && (error as NodeJS.ErrnoException).code === name;
}

/** Whether the operating system has refused something, whatever it calls that. */
export function hasAnyErrno(error: unknown): boolean {
  if (!isError(error)) return false;
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code);
}
