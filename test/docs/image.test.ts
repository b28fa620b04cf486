import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { runProgram } from '../../server/cli/program.js';
import { resolveBrokerSettings } from '../../server/settings/parse.js';

const dockerfile = readFileSync('Dockerfile', 'utf8');
const compose = readFileSync('compose.yaml', 'utf8');
const fileText = readFileSync('docker/server.properties', 'utf8');

/** The words of an exec form, `["odradek", "start"]`. */
function wordsAfter(instruction: string): string[] {
  const [, list] = new RegExp(`${instruction} (\\[.*\\])$`, 'm').exec(dockerfile)!;
  return JSON.parse(list!) as string[];
}

function environmentOfCompose(): Record<string, string> {
  const lines = compose.match(/^ {6}KAFKA_\w+: .+$/gm)!;
  return Object.fromEntries(
    lines.map((line) =>
      line
        .trim()
        .split(/: (.*)/)
        .slice(0, 2),
    ),
  );
}

describe('the image', () => {
  test('copies files that are there, and runs commands that the program has', async () => {
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+)$/gm)].flatMap(([, paths]) =>
      paths!.split(' ').slice(0, -1),
    );
    expect(copied.filter((path) => !existsSync(path))).toEqual([]);
    const silence = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    onTestFinished(() => silence.mockRestore());
    const [start] = wordsAfter('^CMD');
    const [, ...health] = wordsAfter('CMD');
    for (const words of [[start!], health]) {
      expect(await runProgram(['node', 'odradek', ...words, '--help'])).toBe(0);
    }
  });

  test('runs as no root, on a root that is read only but for its data', () => {
    expect(dockerfile).toMatch(/^USER node$/m);
    expect(compose).toContain('read_only: true');
    const [, volume] = /^VOLUME (.+)$/m.exec(dockerfile)!;
    expect(compose).toContain(`- data:${volume}`);
    const { settings } = resolveBrokerSettings({ fileText });
    expect(settings.dataDir).toBe(volume);
  });

  test('tells each client the address that it connected to, until it is given one', () => {
    const [listener] = resolveBrokerSettings({ fileText }).settings.listeners;
    expect(listener).toMatchObject({ port: 9092, advertised: { kind: 'as-connected' } });
    const given = resolveBrokerSettings({ fileText, environment: environmentOfCompose() });
    expect(given.warnings).toEqual([]);
    expect(given.settings.listeners.map(({ port, advertised }) => [port, advertised])).toEqual([
      [29092, { kind: 'fixed', host: 'kafka', port: 29092 }],
      [9092, { kind: 'fixed', host: 'localhost', port: 9092 }],
    ]);
  });
});
