import { join } from 'node:path';
import { partitionFolderName } from '../../disk/file-names.js';

/** The command that repairs a partition's damaged log as far as possible, quoted for a shell. */
export function repairCommand(dataDir: string, topic: string, partition: number): string {
  return commandFor(join(dataDir, partitionFolderName(topic, partition)));
}

/** The advice for a damaged log. It ends with the command, so that it can be copied. */
export function repairAdvice(folder: string): string {
  return `restore the file from a copy, or stop this process and save what can be: ${commandFor(folder)}`;
}

function commandFor(folder: string): string {
  const isPlain = /^[\w./@:+,-]+$/.test(folder);
  const quoted = isPlain ? folder : `'${folder.replaceAll("'", `'\\''`)}'`;
  return `odradek repair-log ${quoted} --execute`;
}
