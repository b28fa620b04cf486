import { resolve } from 'node:path';
import { EngineError, nodeDisk, openEngine, readIdentity } from '../../engine/index.js';
import { CliError } from './cli-error.js';
import { counted } from './counted.js';
import { withProgress } from './progress/progress.js';
import { printDone, type ReportOptions } from './report.js';
import { sizeText } from './size-text.js';

/**
 * Copies the data directory of a stopped broker, or of a program that has ended, and prints what
 * the copy holds. Rejects DIRECTORY_LOCKED while it is in use.
 */
export async function backup(from: string, to: string, options: ReportOptions): Promise<void> {
  const root = resolve(from);
  await readIdentity(nodeDisk, root);
  const engine = await openEngine(root).catch((error: unknown) => {
    const isInUse = error instanceof EngineError && error.code === 'DIRECTORY_LOCKED';
    if (!isInUse) throw error;
    throw new CliError(
      `${error.message}: stop it first; a program makes a copy while it works by engine.backup()`,
    );
  });
  try {
    const made = await withProgress('Copying', (progress) =>
      engine.backup(to, { onProgress: progress.report }),
    );
    const { path, logs, bytes, bytesLinked } = made;
    const linked = bytesLinked === 0 ? '' : `, ${sizeText(bytesLinked)} of them as hard links`;
    const what = `${counted(logs, 'partition')}, ${sizeText(bytes)}${linked}`;
    printDone(`${path}: ${what}`, made, options);
  } finally {
    await engine.close();
  }
}
