/**
 * Runs a README as a stranger pastes it, from top to bottom, in an empty project:
 *
 * - a block with `file=NAME` is written under that name;
 * - a block of `sh` is run by a shell, line by line as it stands; what serves (`odradek start`,
 *   `odradek dev`, a bare `odradek`) stays until the end, and the next block begins when it is
 *   ready; `install odradek` takes the packed package;
 * - a file that no later block of `sh` names is run by itself: `*.test.*` by node:test, others
 *   as programs;
 * - a block of `text output` must be what the last run printed, `…` standing for anything.
 *
 * A mark `norun` leaves a block out (containers, a clone of the repository).
 */
import { execFileSync, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const SERVES = /\bodradek(?:\s+(?:start|dev)\b|\s*$)/;
const READY_WITHIN_MS = 60_000;
const RUN_WITHIN_MS = 300_000;

/** Returns what was run, one line each. Throws at the first block that fails. */
export async function runReadme(text, { project, tarball, env }) {
  const blocks = [...text.matchAll(/^```(\w+)([^\n]*)\n(.*?)^```$/gms)]
    .map(([, language, marks, code]) => ({ language, marks: marks.trim().split(/\s+/), code }))
    .filter(({ marks }) => !marks.includes('norun'));
  const servers = [];
  const ran = [];
  let printed = '';
  const run = (command) => {
    ran.push(command.split('\n')[0]);
    printed = execFileSync('bash', ['-e', '-o', 'pipefail', '-c', command], {
      cwd: project,
      env,
      encoding: 'utf8',
      timeout: RUN_WITHIN_MS,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  };
  try {
    for (const [at, { language, marks, code }] of blocks.entries()) {
      const name = marks.find((mark) => mark.startsWith('file='))?.slice('file='.length);
      if (name !== undefined) {
        writeFileSync(join(project, name), code);
        const later = blocks.slice(at + 1);
        if (later.some((other) => other.language === 'sh' && other.code.includes(name))) continue;
        if (/\.[cm]?js$/.test(name)) run(`node ${/\.test\./.test(name) ? '--test ' : ''}${name}`);
      } else if (language === 'sh') {
        const command = code.replaceAll(/(npm i(?:nstall)?\b[^\n]*?)\bodradek\b/g, `$1${tarball}`);
        const lines = command.split('\n').filter((line) => line.trim() !== '');
        const serving = lines.findIndex((line) => SERVES.test(line.replace(/#.*/, '').trim()));
        if (serving < 0) run(command);
        else {
          if (serving > 0) run(lines.slice(0, serving).join('\n'));
          ran.push(lines[serving]);
          servers.push(await serve(lines[serving], { project, env }));
          if (serving < lines.length - 1) run(lines.slice(serving + 1).join('\n'));
        }
      } else if (language === 'text' && marks.includes('output')) assertPrinted(code, printed);
    }
  } finally {
    for (const server of servers) await server.stop();
  }
  return ran;
}

/** Starts what serves, in a process group of its own; resolves when it has printed a line. */
function serve(command, { project, env }) {
  const child = spawn('bash', ['-c', command], {
    cwd: project,
    env,
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const stop = async () => {
    try {
      process.kill(-child.pid, 'SIGTERM');
    } catch (error) {
      if (error.code !== 'ESRCH') throw error;
    }
    await ended;
  };
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      void stop();
      reject(new Error(`${command} was not ready in time`));
    }, READY_WITHIN_MS);
    child.stdout.once('data', () => {
      clearTimeout(late);
      child.stdout.resume();
      resolve({ stop });
    });
    void ended.then((code) => {
      clearTimeout(late);
      reject(new Error(`${command} ended with ${code} before it was ready`));
    });
  });
}

function assertPrinted(expected, printed) {
  const pattern = expected
    .trim()
    .split('…')
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('[^]*?');
  if (new RegExp(`^${pattern}$`).test(printed.trim())) return;
  throw new Error(`README says it prints:\n${expected}\nand it printed:\n${printed}`);
}
