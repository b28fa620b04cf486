import { join } from 'node:path';
import { partitionFolderName } from '../../disk/file-names.js';

/** The command that saves what can be of a partition's damaged log, as a shell takes it. */
export function repairCommand(dataDir: string, topic: string, partition: number): string {
  return commandFor(join(dataDir, partitionFolderName(topic, partition)));
}

/** What to do about a damaged log. Ends with the command, so that it can be copied. */
export function repairAdvice(folder: string): string {
  return `restore the file from a copy, or stop this process and save what can be: ${commandFor(folder)}`;
}

function commandFor(folder: string): string {
  const isPlain = /^[\w./@:+,-]+$/.test(folder);
  const quoted = isPlain ? folder : `'${folder.replaceAll("'", `'\\''`)}'`;
  return `odradek repair-log ${quoted} --execute`;
}
