import { describeClient } from '../clients/describe-client.js';
import { KAFKAJS } from '../clients/profiles.js';

describeClient(KAFKAJS);
