import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { Client, ClientProfile } from './client.js';
import { SCENARIOS } from './scenarios.js';
import { FrameRecorder } from './support/frame-recorder.js';
import { TestCluster } from './support/test-cluster.js';

/** Where `npm run capture:wire` wants the frames. */
const CAPTURE = process.env.ODRADEK_CAPTURE;

/**
 * One test for each scenario that the client can run, against one broker that is killed and comes back in between. The rest is
 * a table in `README.md`, which a test of the normal suite keeps true.
 *
 * @param found whether the client is at hand
 */
export function describeClient(profile: ClientProfile, found = true): void {
  describe.runIf(found)(profile.name, () => {
    const recorder = CAPTURE === undefined ? null : new FrameRecorder();
    let cluster: TestCluster;
    let client: Client;
    beforeAll(async () => {
      cluster = await TestCluster.start(recorder && (() => recorder.tap()));
      client = profile.connect(cluster.bootstrap);
    });
    afterAll(async () => {
      await client?.close();
      await cluster?.close();
      recorder?.write(resolve(CAPTURE!), profile.name);
    });

    for (const { name, title, run } of SCENARIOS) {
      if (profile.unsupported[name] !== undefined) continue;
      test(`${name}: ${title}`, () => run({ cluster, profile, client }));
    }
  });
}
