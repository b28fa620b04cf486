import { createRequire } from 'node:module';

/**
 * This package's version. It is found by the package's own name, and so from the sources as well as
 * from the compiled files.
 */
export function packageVersion(): string {
  const { version } = createRequire(import.meta.url)('odradek/package.json') as { version: string };
  return version;
}

/** The output of `odradek --version`, without a newline. */
export async function versionLine(): Promise<string> {
  const { crc32cSource, sendFileAvailable } = await import('../../engine/index.js');
  const sendFile = sendFileAvailable() ? 'yes' : 'no';
  return `odradek ${packageVersion()} node ${process.version} ${process.platform}-${process.arch} sendfile ${sendFile} crc32c ${crc32cSource()}`;
}
