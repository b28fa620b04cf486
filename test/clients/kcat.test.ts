import { describeClient } from './describe-client.js';
import { KCAT } from './profiles.js';
import { available, runs } from './support/tools.js';

const found = available('kcat', runs('kcat', '-V'), 'apt-get install kcat');
describeClient(KCAT, found);
