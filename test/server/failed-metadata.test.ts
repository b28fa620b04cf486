import { expect, test } from 'vitest';
import { EngineError, openLmdbCatalog } from '../../engine/index.js';
import { type BrokerOptions, openBroker } from '../../server/broker/open-broker.js';
import { createLogger } from '../../server/logging/log.js';
import { resolveBrokerSettings } from '../../server/settings/parse.js';
import { temporaryFolder } from '../support/temporary-folder.js';

type CatalogOptions = Parameters<NonNullable<BrokerOptions['openCatalog']>>[1];

test('a failed commit of the metadata takes the directory offline, and the stop is not called clean', async () => {
  const dataDir = temporaryFolder();
  const { settings, brokerStatic } = resolveBrokerSettings({
    sets: ['listeners=PLAINTEXT://127.0.0.1:0', `log.dirs=${dataDir}`],
  });
  const lines: string[] = [];
  const logger = createLogger({ format: 'json', stream: { write: (line) => lines.push(line) } });
  const opened: { path: string; options: CatalogOptions }[] = [];
  const open = () =>
    openBroker({
      settings,
      brokerStatic,
      logger,
      openCatalog: (path, options) => {
        opened.push({ path, options });
        return openLmdbCatalog(path, options);
      },
    });
  const broker = await open();
  const [, metadata] = opened;
  expect(metadata!.path).toMatch(/metadata\.mdb$/);
  const failure = new EngineError('STORAGE_OFFLINE', 'the catalog could not be written to disk');
  metadata!.options.onFailure(failure);
  expect(lines.join('')).toContain('data directory is offline');
  await broker.close({ drainMs: 0 });

  opened.length = 0;
  const again = await open();
  // What is found may be in the page cache only.
  expect(opened.map(({ options }) => options.suspicious)).toEqual([true, true]);
  await again.close({ drainMs: 0 });
});
