import { Metadata } from '../../protocol/messages/metadata.js';
import { shown } from '../answers.js';
import { CliError, EXIT } from '../cli-error.js';
import type { Client } from '../client.js';
import { BROKER_RESOURCE, TOPIC_RESOURCE } from '../resources.js';

/** Whose settings a command is about: topics, one broker, or every broker. */
export interface ResourceOptions {
  /** A node id, or true for the broker that answers. */
  readonly broker?: string | true;
  readonly allBrokers?: boolean;
}

export interface Resource {
  readonly resourceType: number;
  readonly resourceName: string;
  /** For people: `topic orders`. */
  readonly label: string;
}

/** The resources that are named. Throws a CliError (usage) unless it is one kind. */
export async function chosenResources(
  client: Client,
  topics: readonly string[],
  { broker, allBrokers }: ResourceOptions,
): Promise<Resource[]> {
  const kinds = [topics.length > 0, broker !== undefined, allBrokers === true];
  if (kinds.filter(Boolean).length !== 1) {
    throw new CliError(
      'whose settings? Name topics, or say --broker, or --all-brokers for those of every broker',
      EXIT.usage,
    );
  }
  if (allBrokers) {
    return [{ resourceType: BROKER_RESOURCE, resourceName: '', label: 'all brokers' }];
  }
  if (broker === undefined) {
    return topics.map((name) => ({
      resourceType: TOPIC_RESOURCE,
      resourceName: name,
      label: `topic ${shown(name)}`,
    }));
  }
  const resourceName = broker === true ? await onlyBroker(client) : broker;
  const label = `broker ${shown(resourceName)}`;
  return [{ resourceType: BROKER_RESOURCE, resourceName, label }];
}

async function onlyBroker(client: Client): Promise<string> {
  const { brokers } = await client.request(Metadata, {
    topics: [],
    allowAutoTopicCreation: false,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  });
  const [broker] = brokers;
  if (broker === undefined || brokers.length > 1) {
    const ids = brokers.map(({ nodeId }) => nodeId).join(', ');
    throw new CliError(`which broker? Say --broker with one of ${ids}`, EXIT.usage);
  }
  return String(broker.nodeId);
}
