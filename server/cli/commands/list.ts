import type { Command } from 'commander';
import type { Finish } from './options.js';

/** A command of the first level, alone or with commands below it. */
export interface CommandEntry {
  /** Its name, and its arguments as the help shows them. */
  readonly usage: string;
  readonly summary: string;
  /** Its file, which adds options, commands below it, and what they do. */
  load(): Promise<{ define(command: Command, finish: Finish): void }>;
}

/** Every command of the first level, in the order of the help. A new one is a file and a line. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    usage: 'start',
    summary: 'run a broker until it is told to stop',
    load: () => import('./start.js'),
  },
  {
    usage: 'dev',
    summary: 'run a broker for tests in any language: temporary, with a control port',
    load: () => import('./dev.js'),
  },
  {
    usage: 'topics',
    summary: 'create, list, describe, alter, trim and delete topics of a running broker',
    load: () => import('./topics.js'),
  },
  {
    usage: 'produce <topic>',
    summary: 'send each line of stdin as a record',
    load: () => import('./produce.js'),
  },
  {
    usage: 'consume [topic...]',
    summary: 'print records of one topic, several, or all that match a pattern',
    load: () => import('./consume.js'),
  },
  {
    usage: 'perf',
    summary: 'measure how fast records are produced and consumed',
    load: () => import('./perf.js'),
  },
  {
    usage: 'groups',
    summary: 'list and describe consumer groups with their lag, reset and delete them',
    load: () => import('./groups.js'),
  },
  {
    usage: 'configs',
    summary: 'describe and alter settings of topics and brokers',
    load: () => import('./configs.js'),
  },
  {
    usage: 'cluster',
    summary: 'describe a cluster, and check whether it is healthy',
    load: () => import('./cluster.js'),
  },
  {
    usage: 'producers <topic>',
    summary: 'print the idempotent producers that partitions remember',
    load: () => import('./producers.js'),
  },
  {
    usage: 'profile',
    summary: 'keep addresses of brokers under names',
    load: () => import('./profile.js'),
  },
  {
    usage: 'completion <shell>',
    summary: 'print the script by which bash, zsh or fish completes command lines',
    load: () => import('./completion.js'),
  },
  {
    usage: 'dump-log <file>',
    summary: 'print what a .log, .index or .timeindex file holds, and check it',
    load: () => import('./dump-log.js'),
  },
  {
    usage: 'scrub <folder>',
    summary: 'read every batch of a data directory or a partition, and print what is damaged',
    load: () => import('./scrub.js'),
  },
  {
    usage: 'repair-log <folder>',
    summary: "print what is damaged in a partition's folder; with --execute save what can be",
    load: () => import('./repair-log.js'),
  },
  {
    usage: 'backup <folder> <copy>',
    summary: 'copy the data directory of a stopped broker, full segments as hard links',
    load: () => import('./backup.js'),
  },
  {
    usage: 'catalog',
    summary: 'check the catalogs of a data directory, or make them anew; no broker may run on it',
    load: () => import('./catalog.js'),
  },
];
