import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A fenced block of a page. */
export interface Snippet {
  readonly page: string;
  /** Line of the page where its text begins. */
  readonly line: number;
  /** What stands behind the fence: `js`, `ts`, `sh` … */
  readonly language: string;
  /** Marks behind the language: `file=NAME`, `node=24` … */
  readonly marks: readonly string[];
  readonly code: string;
}

/** The pages that users read: README.md, and what is in `docs/` and below. */
export function pages(): string[] {
  const docs = readdirSync('docs', { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.md') && !name.startsWith('soak'));
  return ['README.md', ...docs.map((name) => join('docs', name))];
}

export function snippetsOf(page: string): Snippet[] {
  const text = readFileSync(page, 'utf8');
  return [...text.matchAll(/^```(\w+)([^\n]*)\n(.*?)^```$/gms)].map((match) => ({
    page,
    line: text.slice(0, match.index).split('\n').length + 1,
    language: match[1]!,
    marks: match[2]!.split(' ').filter((mark) => mark !== ''),
    code: match[3]!,
  }));
}
