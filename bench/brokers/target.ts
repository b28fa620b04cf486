/** What a topic of a row needs. */
export interface TopicShape {
  readonly partitions: number;
  readonly configs?: Readonly<Record<string, string>>;
}

/**
 * Something that takes frames: a broker, or a floor that only does what no broker can do without.
 */
export interface Target {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  /**
   * Whether it begins slowly, as a JVM does, and has to be loaded for long before it is measured.
   */
  readonly isJvm?: boolean;
  /** Where its files are. */
  readonly folder: string;
  /** A topic that was not used before, ready to be written. A floor begins a new file. */
  createTopic(shape: TopicShape): Promise<string>;
  /** Resolves when its files are gone, so that removing them is no part of the next slice. */
  deleteTopic(topic: string): Promise<void>;
  /** Why it ended; null while it runs. */
  ended(): string | null;
  /** Ends it and removes nothing. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}
