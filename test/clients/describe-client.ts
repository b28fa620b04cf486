import { afterAll, beforeAll, describe, test } from 'vitest';
import type { Client, ClientProfile } from './client.js';
import { SCENARIOS } from './scenarios.js';
import { frameCapture } from './support/frame-capture.js';
import { TestCluster } from './support/test-cluster.js';

/**
 * One test for each scenario that the client can run, against one broker that is killed and comes
 * back in between. The rest is a table in `README.md`, which a test of the normal suite keeps true.
 *
 * @param found whether the client is at hand
 */
export function describeClient(profile: ClientProfile, found = true): void {
  describe.runIf(found)(profile.name, () => {
    const capture = frameCapture(profile.name);
    let cluster: TestCluster;
    let client: Client;
    beforeAll(async () => {
      cluster = await TestCluster.start(capture.tap);
      client = profile.connect(cluster.bootstrap);
    });
    afterAll(async () => {
      await client?.close();
      await cluster?.close();
      capture.write();
    });

    for (const { name, title, run } of SCENARIOS) {
      if (profile.unsupported[name] !== undefined) continue;
      test(`${name}: ${title}`, () => run({ cluster, profile, client }));
    }
  });
}
