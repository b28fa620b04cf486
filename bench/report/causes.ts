import { existsSync, readFileSync } from 'node:fs';

/**
 * What people wrote about rows and profiles, by the id of the row; profiles are `profile/produce`
 * and `profile/fetch`.
 */
export type Causes = ReadonlyMap<string, string>;

/**
 * Sections of a page: `## id`, and the text below it up to the next. What stands before the first
 * one is for its writers.
 */
export function parseCauses(page: string): Causes {
  const causes = new Map<string, string>();
  for (const section of page.split(/^## /m).slice(1)) {
    const [heading = '', ...lines] = section.split('\n');
    const text = lines.join('\n').trim();
    if (text !== '') causes.set(heading.trim().replaceAll('`', ''), text);
  }
  return causes;
}

export function readCauses(path: string): Causes {
  return parseCauses(existsSync(path) ? readFileSync(path, 'utf8') : '');
}
