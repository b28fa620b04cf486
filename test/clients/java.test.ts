import { describeClient } from './describe-client.js';
import { apacheJava } from './profiles.js';
import { javaDriverClassPath, kafkaClassPath } from './support/kafka-tools.js';

const kafka = kafkaClassPath();
describeClient(apacheJava(kafka === null ? '' : javaDriverClassPath(kafka)), kafka !== null);
