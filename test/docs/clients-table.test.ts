import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { apacheJava, confluentPython, KAFKAJS, KCAT, PLATFORMATIC } from '../clients/profiles.js';
import { SCENARIOS } from '../clients/scenarios.js';

const PROFILES = [KAFKAJS, PLATFORMATIC, KCAT, confluentPython(''), apacheJava('')];

function table(): string {
  const rows = [
    ['', ...PROFILES.map(({ name }) => name)],
    ['---', ...PROFILES.map(() => '---')],
    ...SCENARIOS.map(({ name }) => [
      name,
      ...PROFILES.map(({ unsupported }) => unsupported[name] ?? 'runs'),
    ]),
    ['codecs', ...PROFILES.map(({ codecs }) => codecs.join(', '))],
    ['commits', ...PROFILES.map(({ commitModes }) => commitModes.join(', '))],
    ['own timestamps', ...PROFILES.map(({ timestamps }) => (timestamps ? 'yes' : 'no'))],
    ['a header twice', ...PROFILES.map(({ repeatedHeaders }) => (repeatedHeaders ? 'yes' : 'no'))],
    ['idempotent producer', ...PROFILES.map(({ idempotent }) => (idempotent ? 'yes' : 'no'))],
  ];
  return rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
}

test('test/clients/README.md says which client runs which scenario, and why it does not', () => {
  const readme = readFileSync('test/clients/README.md', 'utf8');
  expect(readme).toContain(table());
});

test('a profile gives reasons for scenarios that exist, and for no others', () => {
  const names = SCENARIOS.map(({ name }) => name);
  for (const { unsupported } of PROFILES) {
    for (const name of Object.keys(unsupported)) expect(names).toContain(name);
  }
});
