import type { Source } from './sources.js';

const COLUMNS_MAX = 100;

/** `path:line` of each line of a comment that is too long; layouts between ``` may be as wide. */
export function longComments({ path, text }: Source): string[] {
  let isLayout = false;
  return text.split('\n').flatMap((line, at) => {
    if (!/^\s*(\*|\/\/|\/\*)/.test(line)) return [];
    if (line.includes('```')) isLayout = !isLayout;
    return line.length > COLUMNS_MAX && !isLayout ? [`${path}:${at + 1}`] : [];
  });
}
