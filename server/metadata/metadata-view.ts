import type { MetadataImage, TopicImage } from './image.js';

/** The changes of one step of the image. */
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
 * The current image, and notice of every next one: the view of the metadata for handlers and
 * partitions.
 */
export interface MetadataView {
  readonly image: MetadataImage;
  /** `listener` is called after each step, in order. Returns a function that ends that. */
  onChange(listener: (delta: MetadataDelta) => void): () => void;
}
