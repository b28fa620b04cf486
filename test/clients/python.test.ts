import { describeClient } from './describe-client.js';
import { confluentPython } from './profiles.js';
import { pythonWithClient } from './support/python.js';

const python = pythonWithClient();
describeClient(confluentPython(python ?? ''), python !== null);
