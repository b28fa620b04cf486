/**
 * `npm run build`: compiles with tsc, then bundles. On a terminal a line says what is done, once
 * that has lasted for two seconds; it is gone at the end. Nothing is written elsewhere.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const SHOWN_AFTER_MS = 2000;
const REDRAWN_EVERY_MS = 1000;
const ERASE_LINE = '\r\x1b[K';

const STEPS = [
  ['compiling', compile],
  ['bundling', () => import('./bundle.mjs')],
];

const begunMs = performance.now();
let step = 0;
const line = shownLine();
try {
  for (const [, run] of STEPS) {
    step += 1;
    await run();
  }
} finally {
  line.end();
}

/** What tsc says comes at its end, behind the line; its exit code is that of the build. */
async function compile() {
  const pretty = process.stdout.isTTY ? ['--pretty'] : [];
  const args = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', ...pretty];
  const tsc = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = [];
  tsc.stdout.on('data', (chunk) => said.push(chunk));
  const [code] = await once(tsc, 'close');
  if (code === 0) return;
  line.end();
  process.stdout.write(Buffer.concat(said));
  process.exit(code ?? 1);
}

function shownLine() {
  const { stderr, env } = process;
  if (!stderr.isTTY || env.TERM === 'dumb') return { end() {} };
  let timer = setTimeout(draw, SHOWN_AFTER_MS).unref();
  let isDrawn = false;
  function draw() {
    const seconds = Math.floor((performance.now() - begunMs) / 1000);
    const [what] = STEPS[step - 1];
    const text = `Building: ${what} (step ${step} of ${STEPS.length}, ${seconds} s)`;
    stderr.write(ERASE_LINE + text.slice(0, (stderr.columns || 80) - 1));
    isDrawn = true;
    timer = setTimeout(draw, REDRAWN_EVERY_MS).unref();
  }
  return {
    end() {
      clearTimeout(timer);
      if (isDrawn) stderr.write(ERASE_LINE);
      isDrawn = false;
    },
  };
}
