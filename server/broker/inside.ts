import type { TurnSlices } from '../../engine/index.js';
import type { GroupCoordinator } from '../groups/coordinator.js';
import type { Controller } from '../metadata/controller.js';
import type { MetadataView } from '../metadata/metadata-view.js';
import type { Partitions } from '../partition/partitions.js';
import type { BrokerSettings } from '../settings/broker-settings.js';
import type { SettingTexts } from '../settings/topic-settings.js';

/** The parts of a broker that the program around it uses without a connection. */
export interface BrokerInside {
  readonly metadata: MetadataView;
  readonly controller: Controller;
  readonly partitions: Partitions;
  readonly groups: GroupCoordinator;
  readonly slices: TurnSlices;
  readonly settings: BrokerSettings;
  /** The keys that were set at the start, as text. */
  readonly brokerStatic: SettingTexts;
}
