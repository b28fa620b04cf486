import { describeClient } from '../describe-client.js';
import { PLATFORMATIC } from '../profiles.js';

describeClient(PLATFORMATIC);
