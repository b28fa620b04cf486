import { createRequire } from 'node:module';

/**
 * This package's version. Found by its own name, so from the sources and from what is compiled
 * alike.
 */
export function packageVersion(): string {
  const { version } = createRequire(import.meta.url)('odradek/package.json') as { version: string };
  return version;
}

/** What `odradek --version` prints, without a newline. */
export async function versionLine(): Promise<string> {
  const { crc32cSource, sendFileAvailable } = await import('../../engine/index.js');
  const sendFile = sendFileAvailable() ? 'yes' : 'no';
  return `odradek ${packageVersion()} node ${process.version} ${process.platform}-${process.arch} sendfile ${sendFile} crc32c ${crc32cSource()}`;
}
