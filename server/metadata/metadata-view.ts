import type { MetadataImage, TopicImage } from './image.js';

/** What one step of the image changed. */
export interface MetadataDelta {
  readonly image: MetadataImage;
  /** Topics that came, went or changed, by name. */
  readonly topics: ReadonlyMap<string, TopicChange>;
  readonly brokerSettingsChanged: boolean;
}

export interface TopicChange {
  readonly before: TopicImage | undefined;
  readonly after: TopicImage | undefined;
}

/**
 * The current image, and word of every next one. What handlers and partitions get to see of the
 * metadata.
 */
export interface MetadataView {
  readonly image: MetadataImage;
  /** Called after each step, in order. Returns how to stop. */
  onChange(listener: (delta: MetadataDelta) => void): () => void;
}
