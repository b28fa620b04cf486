import { describeClient } from '../describe-client.js';
import { KAFKAJS } from '../profiles.js';

describeClient(KAFKAJS);
