import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { available, runs } from './tools.js';

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'odradek-test');
const LIBS = join(CACHE, 'kafka-4.3.1');

/** Class path of Apache Kafka 4.3.1, fetched by Maven on first use; null without Java or Maven. */
export function kafkaClassPath(): string | null {
  const found = runs('java', '-version') && (existsSync(LIBS) || runs('mvn', '-version'));
  if (!available('java', found, 'install a JDK 17 and Maven')) return null;
  if (!existsSync(LIBS)) fetchLibs();
  return readdirSync(LIBS)
    .map((jar) => join(LIBS, jar))
    .join(':');
}

function fetchLibs(): void {
  const partial = `${LIBS}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  const pom = resolve('test/clients/kafka/pom.xml');
  execFileSync(
    'mvn',
    ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${partial}`],
    {
      stdio: 'inherit',
    },
  );
  renameSync(partial, LIBS);
}

/** Runs one of Apache Kafka's tools to its end. */
export function kafkaTool(
  classPath: string,
  mainClass: string,
  args: readonly string[],
): { output: string; status: number | null } {
  const result = spawnSync('java', ['-Xmx256m', '-cp', classPath, mainClass, ...args], {
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
  });
  return { output: `${result.stdout}${result.stderr}`, status: result.status };
}
