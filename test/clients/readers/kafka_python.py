"""kafka-python, 2.0 and 3.0; arguments as README.md says."""

import sys

from kafka import KafkaConsumer, TopicPartition

bootstrap, topic, offset, until_key = sys.argv[1:5]
consumer = KafkaConsumer(bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False)
partition = TopicPartition(topic, 0)
consumer.assign([partition])
consumer.seek(partition, int(offset))
for message in consumer:
    key = message.key.decode()
    print(f"{message.offset}:{key}", flush=True)
    if key == until_key:
        break
