import type { Source } from './sources.js';

/** Files that import one another, each set once: in it every file leads to every other. */
export function circlesOf(sources: readonly Source[]): string[][] {
  const importsOf = new Map(sources.map(({ path, imports }) => [path, imports]));
  const numbers = new Map<string, number>();
  const open: string[] = [];
  const closed = new Set<string>();
  const circles: string[][] = [];
  // Tarjan: returns the lowest number that `path` leads back to.
  const visit = (path: string): number => {
    const number = numbers.size;
    numbers.set(path, number);
    open.push(path);
    let lowest = number;
    for (const next of importsOf.get(path) ?? []) {
      if (!importsOf.has(next) || closed.has(next)) continue;
      lowest = Math.min(lowest, numbers.get(next) ?? visit(next));
    }
    if (lowest < number) return lowest;
    const circle = open.splice(open.indexOf(path));
    for (const each of circle) closed.add(each);
    if (circle.length > 1) circles.push(circle.sort());
    return lowest;
  };
  for (const { path } of sources) if (!numbers.has(path)) visit(path);
  return circles;
}
