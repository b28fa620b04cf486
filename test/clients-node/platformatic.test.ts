import { describeClient } from '../clients/describe-client.js';
import { PLATFORMATIC } from '../clients/profiles.js';

describeClient(PLATFORMATIC);
