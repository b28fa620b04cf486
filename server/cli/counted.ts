/** A count and what is counted: `1 segment`, `2 segments`, `3 entries` where `many` is given. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
