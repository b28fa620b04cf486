"""aiokafka; arguments as README.md says."""

import asyncio
import sys

from aiokafka import AIOKafkaConsumer, TopicPartition


async def main():
    bootstrap, topic, offset, until_key = sys.argv[1:5]
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False)
    await consumer.start()
    partition = TopicPartition(topic, 0)
    consumer.assign([partition])
    consumer.seek(partition, int(offset))
    async for message in consumer:
        key = message.key.decode()
        print(f"{message.offset}:{key}", flush=True)
        if key == until_key:
            break
    await consumer.stop()


asyncio.run(main())
