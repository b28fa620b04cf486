"""The driver around confluent-kafka; see README.md. Started with the bootstrap address."""

import json
import re
import sys
import threading
import traceback
import uuid

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
)

BOOTSTRAP = sys.argv[1]
COMMON = {
    "bootstrap.servers": BOOTSTRAP,
    "reconnect.backoff.ms": 50,
    "reconnect.backoff.max.ms": 200,
}
POLL_S = 0.05
STREAM_WINDOW = 20

out_lock = threading.Lock()


def say(message):
    with out_lock:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()


def text(data):
    return None if data is None else data.decode()


def complain(error):
    sys.stderr.write(f"{error}\n")


class Admin:
    def __init__(self):
        self.client = AdminClient(COMMON)

    def create_topic(self, topic, partitions, configs):
        new = NewTopic(topic, num_partitions=partitions, replication_factor=1, config=configs)
        self.client.create_topics([new])[topic].result()

    def describe_topic(self, topic, keys):
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
        entries = self.client.describe_configs([resource])[resource].result()
        metadata = self.client.list_topics(topic).topics[topic]
        configs = {key: entries[key].value for key in keys}
        return {"partitions": len(metadata.partitions), "configs": configs}

    def describe_cluster(self):
        described = self.client.describe_cluster().result()
        return {"nodes": len(described.nodes), "controllerId": described.controller.id}

    def alter_topic(self, topic, configs):
        entries = [
            ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET) for name, value in configs.items()
        ]
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=entries)
        self.client.incremental_alter_configs([resource])[resource].result()

    def add_partitions(self, topic, total):
        self.client.create_partitions([NewPartitions(topic, total)])[topic].result()

    def delete_records(self, topic, partition, before):
        place = TopicPartition(topic, partition, before)
        self.client.delete_records([place])[place].result()

    def offsets(self, topic, partition):
        place = TopicPartition(topic, partition)
        specs = (OffsetSpec.earliest(), OffsetSpec.latest())
        return [self.client.list_offsets({place: spec})[place].result().offset for spec in specs]

    def list_groups(self):
        return [group.group_id for group in self.client.list_consumer_groups().result().valid]

    def describe_group(self, group):
        described = self.client.describe_consumer_groups([group])[group].result()
        return {"state": described.state.name.lower(), "members": len(described.members)}

    def group_offset(self, group, topic, partition):
        asked = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, partition)])
        return self.client.list_consumer_group_offsets([asked])[group].result().topic_partitions[0].offset

    def set_group_offset(self, group, topic, partition, offset):
        wanted = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, partition, offset)])
        self.client.alter_consumer_group_offsets([wanted])[group].result()

    def delete_group(self, group):
        self.client.delete_consumer_groups([group])[group].result()

    def delete_topic(self, topic):
        self.client.delete_topics([topic])[topic].result()


def produce(topic, partition, codec, records):
    producer = Producer({**COMMON, "compression.type": codec, "acks": "all"})
    errors = []

    def delivered(error, _):
        if error is not None:
            errors.append(str(error))

    for record in records:
        options = {"timestamp": record["timestamp"]} if "timestamp" in record else {}
        producer.produce(
            topic,
            partition=partition,
            key=record["key"],
            value=record["value"],
            headers=[(name, value) for name, value in record["headers"]],
            on_delivery=delivered,
            **options,
        )
    producer.flush()
    if errors:
        raise RuntimeError(errors[0])


def consume(topic, partition, count, **rest):
    start = rest["from"]
    consumer = Consumer({**COMMON, "group.id": f"reader-{uuid.uuid4()}", "enable.auto.commit": False})
    place = TopicPartition(topic, partition, 0)
    if start != "beginning" and "offset" in start:
        place.offset = start["offset"]
    elif start != "beginning":
        wanted = TopicPartition(topic, partition, start["timestamp"])
        place = consumer.offsets_for_times([wanted])[0]
    consumer.assign([place])
    records = []
    while len(records) < count:
        message = consumer.poll(POLL_S)
        if message is None:
            continue
        if message.error() is not None:
            raise KafkaException(message.error())
        records.append(
            {
                "key": text(message.key()),
                "value": text(message.value()),
                "headers": [[name, text(value)] for name, value in message.headers() or []],
                "offset": message.offset(),
                "timestamp": message.timestamp()[1],
            }
        )
    consumer.close()
    return records


class Member:
    """A consumer of a group; its thread does everything, since a consumer has one."""

    def __init__(self, group, topic, strategy="eager", instanceId=None, sessionTimeoutMs=30000, limit=None,
                 commitOnLeave=False):
        self.topic = topic
        self.cooperative = strategy == "cooperative-sticky"
        self.limit = limit
        self.taken = 0
        self.work = []
        self.left = threading.Event()
        config = {
            **COMMON,
            "group.id": group,
            "session.timeout.ms": sessionTimeoutMs,
            "heartbeat.interval.ms": 200,
            "fetch.wait.max.ms": 100,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": commitOnLeave,
            "enable.auto.offset.store": False,
            "partition.assignment.strategy": "cooperative-sticky" if self.cooperative else "range",
            "on_commit": self.committed,
        }
        if instanceId is not None:
            config["group.instance.id"] = instanceId
        self.acknowledged = []
        self.consumer = Consumer(config)
        self.consumer.subscribe([topic], on_assign=self.assigned, on_revoke=self.revoked, on_lost=self.revoked)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def assigned(self, consumer, partitions):
        if self.cooperative:
            consumer.incremental_assign(partitions)
        else:
            consumer.assign(partitions)
        say({"event": "assigned", "partitions": [p.partition for p in consumer.assignment()]})

    def revoked(self, consumer, partitions):
        say({"event": "revoked", "partitions": [p.partition for p in partitions]})
        if not self.cooperative:
            consumer.unassign()
            return
        consumer.incremental_unassign(partitions)
        say({"event": "assigned", "partitions": [p.partition for p in consumer.assignment()]})

    def committed(self, error, _):
        if self.acknowledged:
            self.acknowledged.pop(0)(error)

    def run(self):
        try:
            while True:
                if self.work:
                    if self.work.pop(0)() == "leave":
                        return
                message = self.consumer.poll(POLL_S)
                if message is not None:
                    self.take(message)
        except Exception as error:  # the process is of no use without it
            complain(traceback.format_exc())
            say({"event": "fenced" if "FENCED" in str(error).upper() else "failed", "reason": str(error)})

    def take(self, message):
        if message.error() is not None:
            if message.error().code() == KafkaError._FATAL or "fenced" in message.error().str().lower():
                say({"event": "fenced", "reason": str(message.error())})
            complain(message.error())
            return
        if self.taken == self.limit:
            return
        self.taken += 1
        self.consumer.store_offsets(message)
        value = text(message.value())
        say({"event": "record", "partition": message.partition(), "offset": message.offset(), "value": value})

    def commit(self, done, mode, partition, offset):
        offsets = [TopicPartition(self.topic, partition, offset)]

        def commit():
            if mode == "sync":
                try:
                    done(self.consumer.commit(offsets=offsets, asynchronous=False)[0].error)
                except KafkaException as error:
                    done(error)
            else:
                self.acknowledged.append(done)
                self.consumer.commit(offsets=offsets, asynchronous=True)

        self.work.append(commit)

    def leave(self):
        def close():
            self.consumer.close()
            return "leave"

        self.work.append(close)
        self.thread.join()


class Stream:
    def __init__(self, topic):
        self.topic = topic
        self.stopped = False
        self.acked = 0
        config = {**COMMON, "enable.idempotence": True, "linger.ms": 0, "message.timeout.ms": 120000}
        self.producer = Producer(config)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def delivered(self, error, _):
        if error is not None:
            complain(error)
            return
        self.acked += 1
        say({"event": "acked", "count": self.acked})

    def run(self):
        value = 0
        while not self.stopped:
            while len(self.producer) < STREAM_WINDOW and not self.stopped:
                self.producer.produce(self.topic, partition=0, value=str(value), on_delivery=self.delivered)
                value += 1
            self.producer.poll(POLL_S)
        self.producer.flush()

    def stop(self):
        self.stopped = True
        self.thread.join()
        return self.acked


class Driver:
    def __init__(self):
        self.admin = None
        self.member = None
        self.running = None

    def call(self, op, args):
        if op == "produce":
            return produce(**args)
        if op == "consume":
            return consume(**args)
        if op == "join":
            self.member = Member(**args)
        elif op == "leave":
            self.member.leave()
        elif op == "stream":
            self.running = Stream(**args)
        elif op == "stopStream":
            return self.running.stop()
        else:
            self.admin = self.admin or Admin()
            method = re.sub("[A-Z]", lambda letter: f"_{letter.group().lower()}", op)
            return getattr(self.admin, method)(**args)
        return None


def main():
    driver = Driver()
    for line in sys.stdin:
        command = json.loads(line)
        number, op = command.pop("id"), command.pop("op")
        if op == "commit":
            def done(error, number=number):
                say({"id": number, "ok": None} if error is None else {"id": number, "error": str(error)})

            driver.member.commit(done, **command)
            continue
        try:
            say({"id": number, "ok": driver.call(op, command)})
        except Exception:  # every complaint belongs to whoever asked
            say({"id": number, "error": traceback.format_exc()})


main()
