import { describeClient } from './describe-client.js';
import { apacheJava } from './profiles.js';
import { javaDriverClassPath, KAFKA_VERSIONS, kafkaClassPath } from './support/kafka-tools.js';

for (const version of KAFKA_VERSIONS) {
  const kafka = kafkaClassPath(version);
  const classPath = kafka === null ? '' : javaDriverClassPath(kafka);
  describeClient(
    version === KAFKA_VERSIONS[0] ? apacheJava(classPath) : apacheJava(classPath, version),
    kafka !== null,
  );
}
