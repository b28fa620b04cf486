/** The calls by which a file tells its pool which descriptors exist and which may be closed. */
export interface DescriptorBudget<File> {
  /** The file holds a descriptor from now on. */
  opened(file: File): void;
  /** The file holds no descriptor any more; its close may still be running. */
  closed(file: File): void;
  /**
   * Nothing names the file's descriptor and no bytes wait for a sync: it may be evicted. The most
   * recently used file comes last.
   */
  idle(file: File): void;
  /** The file may not be evicted. */
  busy(file: File): void;
  /** The file has bytes that wait for a sync from now on. */
  dirtied(): void;
  /** The file has no such bytes any more. */
  cleaned(): void;
}
