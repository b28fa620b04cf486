import { readFileSync, writeFileSync } from 'node:fs';
import { atExit } from './children.js';

const ORDER = '/sys/module/page_reporting/parameters/page_reporting_order';
/**
 * Above the largest order there is: nothing is ever large enough to be reported. Kernels differ in
 * what they take.
 */
const OFF = ['11', '-1'];
const OFF_MIN = 11;

/**
 * Keeps a virtual machine from handing freed memory back to its host until this process ends: a
 * page that was away is 3 to 10 times slower to write, and which slice meets it is chance. Returns
 * in a few words how it stands, for the reader of the figures.
 */
export function stopPageReporting(file = ORDER): string {
  let before: string;
  try {
    before = readFileSync(file, 'utf8').trim();
  } catch {
    return 'not in this kernel';
  }
  if (isOff(before)) return 'off already';
  for (const order of OFF) {
    try {
      writeFileSync(file, order);
    } catch {
      continue;
    }
    if (!isOff(readFileSync(file, 'utf8').trim())) continue;
    atExit(() => writeFileSync(file, before));
    return 'switched off for the run';
  }
  return 'on, and could not be switched off (needs root): freed memory goes back to the host, and fresh pages are slow';
}

/** Written as -1 it reads as the largest unsigned number. */
function isOff(order: string): boolean {
  return Number(order) >= OFF_MIN || Number(order) < 0;
}
