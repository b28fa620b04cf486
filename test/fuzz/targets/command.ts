import { CliError } from '../../../server/cli/cli-error.js';
import { parseFormat } from '../../../server/cli/record-format.js';
import { lineParser } from '../../../server/cli/record-line.js';
import { mutate } from '../lib/mutate.js';
import { orRefused } from '../lib/refusal.js';
import { stateless, type Target } from '../lib/target.js';

const LINES = [
  '{"key":"a","value":"b","partition":3,"timestamp":1,"headers":[{"key":"h","value":null}]}',
  '{"keyBase64":"YQ==","valueBase64":"YmI="}',
  'key\tvalue',
].map((line) => Buffer.from(line));
const FORMATS = ['%k\\t%s\\n', '%t %p %o %T %h %S %K %R%%', 'json'].map((text) =>
  Buffer.from(text),
);
const RECORD = {
  offset: 1,
  timestamp: 2,
  key: Buffer.from('k'),
  value: Buffer.from([0xff, 0x00]),
  headers: [{ key: 'h', value: null }],
};

const options = { emptyIsNull: true, headers: [], keySeparator: '\t' };
const parsers = [true, false].map((json) => lineParser({ ...options, json }));

export const COMMAND_TARGETS: readonly Target[] = [
  stateless(
    'command.line',
    (random) => mutate(random, random.pick(LINES), random.pick(LINES)),
    (line) => {
      for (const parse of parsers) orRefused(CliError, () => parse(line, 1, 0));
    },
  ),
  stateless(
    'command.format',
    (random) => mutate(random, random.pick(FORMATS), random.pick(FORMATS)),
    (text) => {
      const format = orRefused(CliError, () => parseFormat(text.toString()));
      format?.(RECORD, { topic: 't', partition: 0 });
    },
  ),
];
