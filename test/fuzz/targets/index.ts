import type { Target } from '../lib/target.js';
import { BATCH_TARGETS } from './batches.js';
import { CATALOG_TARGETS } from './catalog.js';
import { CATALOG_PAGES } from './catalog-pages.js';
import { COMMAND_TARGETS } from './command.js';
import { FILE_TARGETS } from './files.js';
import { GROUP_TARGETS } from './groups.js';
import { LOG_TARGETS } from './logs.js';
import { OPENED_LOG_TARGETS } from './opened-logs.js';
import { REQUEST_TARGETS } from './requests.js';
import { SETTINGS_TARGETS } from './settings.js';
import { WIRE_TARGETS } from './wire.js';

/** Everything that is fed. */
export const TARGETS: readonly Target[] = [
  ...WIRE_TARGETS,
  ...BATCH_TARGETS,
  ...CATALOG_TARGETS,
  ...FILE_TARGETS,
  ...LOG_TARGETS,
  ...GROUP_TARGETS,
  ...SETTINGS_TARGETS,
  ...COMMAND_TARGETS,
  ...REQUEST_TARGETS,
  // The slowest last: a soak that is stopped has fed the others.
  CATALOG_PAGES,
  ...OPENED_LOG_TARGETS,
];

export function targetOf(name: string): Target {
  const found = TARGETS.find((target) => target.name === name);
  if (found === undefined) throw new Error(`no target is called ${name}`);
  return found;
}
