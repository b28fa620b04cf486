#!/usr/bin/env node

import { run } from './cli/run.js';

// The native part of msgpackr decodes long strings, which a catalog does not have, and takes 9 ms
// to load.
process.env.MSGPACKR_NATIVE_ACCELERATION_DISABLED ??= 'true';

// Everything is closed by now; what still keeps the process alive is a thread pool's idle time at
// most.
void run(process.argv).then((exitCode) => process.exit(exitCode));
