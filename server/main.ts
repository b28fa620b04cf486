#!/usr/bin/env node

import { run } from './cli/run.js';

// Everything is closed by now; what still keeps the process alive is a thread pool's idle time at most.
void run(process.argv).then((exitCode) => process.exit(exitCode));
