/** Whether a failure is the one that the operating system calls `name`: ENOENT, EEXIST, ENOSPC … */
export function hasErrno(error: unknown, name: string): boolean {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === name;
}
