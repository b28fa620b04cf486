import { writeSync } from 'node:fs';

// Loaded before a command that a test runs: tells on descriptor 3, at its end, how much memory it
// had at most.
process.on('exit', () => writeSync(3, String(process.resourceUsage().maxRSS * 1024)));
