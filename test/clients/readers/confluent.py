"""confluent-kafka (librdkafka); arguments as README.md says."""

import sys

from confluent_kafka import Consumer, TopicPartition

bootstrap, topic, offset, until_key = sys.argv[1:5]
consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "readers", "enable.auto.commit": False})
consumer.assign([TopicPartition(topic, 0, int(offset))])
while True:
    message = consumer.poll(1)
    if message is None:
        continue
    if message.error():
        raise SystemExit(str(message.error()))
    key = message.key().decode()
    print(f"{message.offset()}:{key}", flush=True)
    if key == until_key:
        break
