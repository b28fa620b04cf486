import type { RowPlan } from '../lib/runner.js';
import { batchCases } from '../micro/batches.js';
import { messageCases } from '../micro/messages.js';
import { storageCases } from '../micro/storage.js';
import { microRow } from '../micro/suite.js';

export const microRows: readonly RowPlan[] = [
  ...(await batchCases()),
  ...messageCases(),
  ...storageCases(),
].map(microRow);
