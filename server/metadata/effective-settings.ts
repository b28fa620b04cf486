import { type BrokerLayers, mergedDynamic } from '../settings/describe.js';
import {
  resolveTopicSettings,
  type SettingTexts,
  type TopicSettings,
} from '../settings/topic-settings.js';
import type { MetadataImage, TopicImage } from './image.js';

const NONE: SettingTexts = {};

/** Key of the settings that hold for every broker, among an image's broker overrides. */
export const EVERY_BROKER = '';

/** The layers of settings as they stand in an image, for one broker. */
export function brokerLayers(
  image: MetadataImage,
  nodeId: number,
  brokerStatic: SettingTexts,
): BrokerLayers {
  return {
    dynamic: image.brokerOverrides.get(String(nodeId))?.texts ?? NONE,
    dynamicDefault: image.brokerOverrides.get(EVERY_BROKER)?.texts ?? NONE,
    brokerStatic,
  };
}

/** The settings in effect for a topic. */
export function topicSettings(topic: TopicImage, layers: BrokerLayers): TopicSettings {
  return resolveTopicSettings(topic.overrides, mergedDynamic(layers), layers.brokerStatic);
}
