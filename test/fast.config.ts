import { configDefaults, defineConfig } from 'vitest/config';
import all from '../vitest.config.js';
import { LEFT_OUT } from './long-files.js';

/** Folders whose tests run in memory, a few hundred a second: `npm run test:fast`. */
const FAST = [
  'engine/{batch,disk,maintenance,repair}',
  'engine/log/{append,read,recovery,segments,shared,state}',
  'server/{coordination,handlers,logging,metadata,partition,protocol,request,settings,testing}',
  'server/groups/{classic,offsets}',
  'wire',
];

/** Files of those folders that take seconds each. */
const SLOW = [
  'engine/batch/{builder,compression,foreign-clients,repack}',
  'engine/log/append/claims',
  'engine/log/read/warm-read',
  'engine/log/recovery/tail-evidence',
  'engine/log/segments/long-segments',
  'server/handlers/topics/describe-topic-partitions',
  'engine/maintenance/{jobs/scrub,pool}',
  'server/metadata/layered-map',
  'server/protocol/{decode-in-slices,encode-in-slices,messages,writer}',
];

export default defineConfig({
  ...all,
  test: {
    ...all.test,
    include: FAST.map((folder) => `test/${folder}/**/*.test.ts`),
    exclude: [
      ...configDefaults.exclude,
      ...LEFT_OUT,
      ...SLOW.map((file) => `test/${file}.test.ts`),
    ],
  },
});
