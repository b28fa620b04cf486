import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { available, runs } from './tools.js';

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'odradek-test');
/**
 * Releases of Apache Kafka whose clients and tools are held against the broker; the first is what
 * other suites use.
 */
export const KAFKA_VERSIONS = ['4.3.1', '4.4.0', '3.9.1'] as const;
export type KafkaVersion = (typeof KAFKA_VERSIONS)[number];

/**
 * Class path of a release of Apache Kafka, fetched by Maven on first use; null without Java or
 * Maven.
 */
export function kafkaClassPath(version: KafkaVersion = KAFKA_VERSIONS[0]): string | null {
  const libs = join(CACHE, `kafka-${version}`);
  const found = runs('javac', '-version') && (existsSync(libs) || runs('mvn', '-version'));
  if (!available('java', found, 'install a JDK 17 and Maven')) return null;
  if (!existsSync(libs)) fetchLibs(version, libs);
  return readdirSync(libs)
    .map((jar) => join(libs, jar))
    .join(':');
}

/** The class path with the driver of `drivers/JavaDriver.java` on it. */
export function javaDriverClassPath(classPath: string): string {
  return compiledClassPath(classPath, 'test/clients/drivers/JavaDriver.java');
}

/**
 * The class path with one class of ours on it, compiled once for each version of its source and of
 * the class path.
 */
export function compiledClassPath(classPath: string, file: string): string {
  const source = resolve(file);
  const hash = createHash('sha256').update(readFileSync(source)).update(classPath);
  const version = hash.digest('hex').slice(0, 16);
  const classes = join(CACHE, `java-${basename(file, '.java')}-${version}`);
  if (!existsSync(classes)) {
    const partial = `${classes}.${process.pid}`;
    execFileSync('javac', ['-cp', classPath, '-d', partial, source], { stdio: 'inherit' });
    renameSync(partial, classes);
  }
  return `${classes}:${classPath}`;
}

function fetchLibs(version: KafkaVersion, libs: string): void {
  const partial = `${libs}.${process.pid}`;
  mkdirSync(partial, { recursive: true });
  const pom = resolve('test/clients/kafka/pom.xml');
  const copy = ['dependency:copy-dependencies', `-DoutputDirectory=${partial}`];
  execFileSync('mvn', ['-q', '-B', '-f', pom, `-Dkafka.version=${version}`, ...copy], {
    stdio: 'inherit',
  });
  renameSync(partial, libs);
}

/** What makes a short-lived JVM start sooner. */
export const QUICK_JVM = [
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
  '-Xshare:auto',
  '-Xmx256m',
];

/** Runs one of Apache Kafka's tools to its end, with `input` as its stdin. */
export async function kafkaTool(
  classPath: string,
  mainClass: string,
  args: readonly string[],
  input = '',
): Promise<{ readonly output: string; readonly status: number | null }> {
  const child = spawn('java', [...QUICK_JVM, '-cp', classPath, mainClass, ...args]);
  const output: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => output.push(chunk));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [status] = await once(child, 'close');
  return { output: Buffer.concat(output).toString('utf8'), status };
}
