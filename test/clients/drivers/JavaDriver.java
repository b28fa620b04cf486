import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.ConsumerGroupListing;
import org.apache.kafka.clients.admin.DescribeClusterResult;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.FencedInstanceIdException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** The driver around Apache Kafka's Java clients; see README.md. Started with the bootstrap address. */
// What 3.9 has, and 4.4 still has.
@SuppressWarnings("removal")
public final class JavaDriver {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration POLL = Duration.ofMillis(100);
  private static final int STREAM_WINDOW = 20;
  private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);

  private final String bootstrap;
  private Admin admin;
  private Member member;
  private Stream stream;

  private JavaDriver(String bootstrap) {
    this.bootstrap = bootstrap;
  }

  public static void main(String[] args) throws Exception {
    JavaDriver driver = new JavaDriver(args[0]);
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      JsonNode command = JSON.readTree(line);
      int id = command.get("id").asInt();
      try {
        driver.call(id, command.get("op").asText(), command);
      } catch (Exception error) {
        answerError(id, error);
      }
    }
    Runtime.getRuntime().halt(0);
  }

  private void call(int id, String op, JsonNode args) throws Exception {
    switch (op) {
      case "createTopic" -> answer(id, createTopic(args));
      case "describeTopic" -> answer(id, describeTopic(args));
      case "deleteTopic" -> answer(id, admin().deleteTopics(List.of(topic(args))).all().get());
      case "describeCluster" -> answer(id, describeCluster());
      case "alterTopic" -> answer(id, alterTopic(args));
      case "addPartitions" -> answer(id, admin().createPartitions(
          Map.of(topic(args), NewPartitions.increaseTo(args.get("total").asInt()))).all().get());
      case "deleteRecords" -> answer(id, deleteRecords(args));
      case "offsets" -> answer(id,
          List.of(offset(args, OffsetSpec.earliest()), offset(args, OffsetSpec.latest())));
      case "listGroups" -> answer(id,
          admin().listConsumerGroups().all().get().stream().map(ConsumerGroupListing::groupId).toList());
      case "describeGroup" -> answer(id, describeGroup(group(args)));
      case "groupOffset" -> answer(id, admin().listConsumerGroupOffsets(group(args))
          .partitionsToOffsetAndMetadata().get().get(partition(args)).offset());
      case "setGroupOffset" -> answer(id, admin().alterConsumerGroupOffsets(group(args),
          Map.of(partition(args), new OffsetAndMetadata(args.get("offset").asLong()))).all().get());
      case "deleteGroup" -> answer(id, admin().deleteConsumerGroups(List.of(group(args))).all().get());
      case "produce" -> answer(id, produce(args));
      case "consume" -> answer(id, consume(args));
      case "join" -> {
        member = new Member(args);
        answer(id, null);
      }
      case "commit" -> member.commit(id, args);
      case "seek" -> member.later(id, (consumer) ->
          consumer.seek(partition(args), args.get("offset").asLong()));
      case "pause" -> member.later(id, (consumer) -> consumer.pause(partitions(args)));
      case "resume" -> member.later(id, (consumer) -> consumer.resume(partitions(args)));
      case "leave" -> answer(id, member.leave());
      case "stream" -> {
        stream = new Stream(topic(args));
        answer(id, null);
      }
      case "stopStream" -> answer(id, stream.stop());
      default -> throw new IllegalArgumentException(op);
    }
  }

  private Admin admin() {
    if (admin == null) admin = Admin.create(common());
    return admin;
  }

  private Map<String, Object> common() {
    Map<String, Object> config = new HashMap<>();
    config.put("bootstrap.servers", bootstrap);
    config.put("reconnect.backoff.ms", 50);
    config.put("reconnect.backoff.max.ms", 200);
    return config;
  }

  private KafkaProducer<String, String> producer(Map<String, Object> extra) {
    Map<String, Object> config = common();
    config.put("acks", "all");
    config.putAll(extra);
    return new KafkaProducer<>(config, new StringSerializer(), new StringSerializer());
  }

  private KafkaConsumer<String, String> consumer(Map<String, Object> extra) {
    Map<String, Object> config = common();
    config.put("enable.auto.commit", false);
    config.put("auto.offset.reset", "earliest");
    config.put("fetch.max.wait.ms", 100);
    config.putAll(extra);
    return new KafkaConsumer<>(config, new StringDeserializer(), new StringDeserializer());
  }

  private Object createTopic(JsonNode args) throws Exception {
    NewTopic created = new NewTopic(topic(args), args.get("partitions").asInt(), (short) 1);
    Map<String, String> configs = new HashMap<>();
    args.get("configs").properties().forEach((entry) -> configs.put(entry.getKey(), entry.getValue().asText()));
    return admin().createTopics(List.of(created.configs(configs))).all().get();
  }

  private Object describeTopic(JsonNode args) throws Exception {
    String topic = topic(args);
    int partitions = admin().describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().size();
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
    Config all = admin().describeConfigs(List.of(resource)).all().get().get(resource);
    Map<String, String> configs = new HashMap<>();
    args.get("keys").forEach((key) -> configs.put(key.asText(), all.get(key.asText()).value()));
    return Map.of("partitions", partitions, "configs", configs);
  }

  private Object describeCluster() throws Exception {
    DescribeClusterResult described = admin().describeCluster();
    return Map.of("nodes", described.nodes().get().size(), "controllerId", described.controller().get().id());
  }

  private Object alterTopic(JsonNode args) throws Exception {
    List<AlterConfigOp> changes = new ArrayList<>();
    args.get("configs").properties().forEach((entry) -> changes.add(new AlterConfigOp(
        new ConfigEntry(entry.getKey(), entry.getValue().asText()), AlterConfigOp.OpType.SET)));
    ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic(args));
    return admin().incrementalAlterConfigs(Map.of(resource, changes)).all().get();
  }

  private Object deleteRecords(JsonNode args) throws Exception {
    RecordsToDelete before = RecordsToDelete.beforeOffset(args.get("before").asLong());
    return admin().deleteRecords(Map.of(partition(args), before)).all().get();
  }

  private long offset(JsonNode args, OffsetSpec spec) throws Exception {
    TopicPartition partition = partition(args);
    return admin().listOffsets(Map.of(partition, spec)).partitionResult(partition).get().offset();
  }

  private Object describeGroup(String group) throws Exception {
    ConsumerGroupDescription described =
        admin().describeConsumerGroups(List.of(group)).describedGroups().get(group).get();
    String state = described.state().toString().toLowerCase(Locale.ROOT);
    return Map.of("state", state, "members", described.members().size());
  }

  private Object produce(JsonNode args) throws Exception {
    try (KafkaProducer<String, String> producer =
        producer(Map.of("compression.type", args.get("codec").asText()))) {
      List<Future<RecordMetadata>> sent = new ArrayList<>();
      for (JsonNode record : args.get("records")) {
        Long timestamp = record.has("timestamp") ? record.get("timestamp").asLong() : null;
        ProducerRecord<String, String> produced = new ProducerRecord<>(topic(args),
            args.get("partition").asInt(), timestamp, text(record.get("key")), text(record.get("value")));
        for (JsonNode header : record.get("headers")) {
          produced.headers().add(header.get(0).asText(), header.get(1).asText().getBytes(StandardCharsets.UTF_8));
        }
        sent.add(producer.send(produced));
      }
      for (Future<RecordMetadata> future : sent) future.get();
    }
    return null;
  }

  private Object consume(JsonNode args) {
    TopicPartition partition = partition(args);
    JsonNode from = args.get("from");
    int count = args.get("count").asInt();
    List<Object> records = new ArrayList<>();
    try (KafkaConsumer<String, String> consumer = consumer(Map.of())) {
      consumer.assign(List.of(partition));
      if (from.isTextual()) consumer.seekToBeginning(List.of(partition));
      else if (from.has("offset")) consumer.seek(partition, from.get("offset").asLong());
      else consumer.seek(partition,
          consumer.offsetsForTimes(Map.of(partition, from.get("timestamp").asLong())).get(partition).offset());
      while (records.size() < count) {
        for (ConsumerRecord<String, String> record : consumer.poll(POLL)) records.add(consumed(record));
      }
    }
    return records;
  }

  private static Map<String, Object> consumed(ConsumerRecord<String, String> record) {
    List<List<String>> headers = new ArrayList<>();
    for (Header header : record.headers()) {
      headers.add(List.of(header.key(), new String(header.value(), StandardCharsets.UTF_8)));
    }
    Map<String, Object> fields = new HashMap<>();
    fields.put("key", record.key());
    fields.put("value", record.value());
    fields.put("headers", headers);
    fields.put("offset", record.offset());
    fields.put("timestamp", record.timestamp());
    return fields;
  }

  /** A consumer of a group. Its thread does everything, since a consumer belongs to one thread. */
  private final class Member implements Runnable, ConsumerRebalanceListener {
    private final String topic;
    private final KafkaConsumer<String, String> consumer;
    private final boolean commitOnLeave;
    private final int limit;
    private final Queue<Runnable> work = new ConcurrentLinkedQueue<>();
    private final Map<TopicPartition, OffsetAndMetadata> taken = new HashMap<>();
    private final Thread thread = new Thread(this, "member");
    private int takenCount = 0;
    private boolean leaving = false;

    Member(JsonNode args) {
      topic = topic(args);
      limit = args.has("limit") ? args.get("limit").asInt() : Integer.MAX_VALUE;
      commitOnLeave = args.has("commitOnLeave") && args.get("commitOnLeave").asBoolean();
      boolean cooperative = args.has("strategy") && args.get("strategy").asText().equals("cooperative-sticky");
      Map<String, Object> config = new HashMap<>();
      config.put("group.id", group(args));
      config.put("session.timeout.ms", args.has("sessionTimeoutMs") ? args.get("sessionTimeoutMs").asInt() : 30_000);
      config.put("heartbeat.interval.ms", 200);
      config.put("partition.assignment.strategy", "org.apache.kafka.clients.consumer."
          + (cooperative ? "CooperativeStickyAssignor" : "RangeAssignor"));
      if (args.has("instanceId")) config.put("group.instance.id", args.get("instanceId").asText());
      consumer = consumer(config);
      thread.start();
    }

    @Override
    public void run() {
      try (consumer) {
        consumer.subscribe(List.of(topic), this);
        while (!leaving) {
          for (Runnable next = work.poll(); next != null; next = work.poll()) next.run();
          for (ConsumerRecord<String, String> record : consumer.poll(POLL)) take(record);
        }
        if (commitOnLeave) consumer.commitSync(taken);
      } catch (FencedInstanceIdException error) {
        tell("fenced", Map.of("reason", String.valueOf(error.getMessage())));
      } catch (Exception error) {
        error.printStackTrace();
        Runtime.getRuntime().halt(1);
      }
    }

    private void take(ConsumerRecord<String, String> record) {
      if (takenCount == limit) return;
      takenCount++;
      taken.put(new TopicPartition(topic, record.partition()), new OffsetAndMetadata(record.offset() + 1));
      Map<String, Object> fields = new HashMap<>();
      fields.put("partition", record.partition());
      fields.put("offset", record.offset());
      fields.put("value", record.value());
      tell("record", fields);
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> added) {
      tellAssigned(consumer.assignment());
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> removed) {
      if (removed.isEmpty()) return;
      tell("revoked", Map.of("partitions", numbers(removed)));
      List<TopicPartition> kept = new ArrayList<>(consumer.assignment());
      kept.removeAll(removed);
      if (!kept.isEmpty()) tellAssigned(kept);
    }

    private void tellAssigned(Collection<TopicPartition> partitions) {
      tell("assigned", Map.of("partitions", numbers(partitions)));
    }

    void commit(int id, JsonNode args) {
      Map<TopicPartition, OffsetAndMetadata> offsets = Map.of(
          new TopicPartition(topic, args.get("partition").asInt()),
          new OffsetAndMetadata(args.get("offset").asLong()));
      work.add(() -> {
        if (args.get("mode").asText().equals("async")) {
          consumer.commitAsync(offsets, (done, error) -> {
            if (error == null) answer(id, null);
            else answerError(id, error);
          });
          return;
        }
        try {
          consumer.commitSync(offsets);
          answer(id, null);
        } catch (Exception error) {
          answerError(id, error);
        }
      });
    }

    /** Does something with the consumer between two polls. */
    void later(int id, Consumer<KafkaConsumer<String, String>> action) {
      work.add(() -> {
        try {
          action.accept(consumer);
          answer(id, null);
        } catch (Exception error) {
          answerError(id, error);
        }
      });
    }

    Object leave() throws InterruptedException {
      work.add(() -> leaving = true);
      thread.join();
      return null;
    }
  }

  private final class Stream implements Runnable {
    private final String topic;
    private final KafkaProducer<String, String> producer;
    private final Semaphore window = new Semaphore(STREAM_WINDOW);
    private final AtomicInteger acked = new AtomicInteger();
    private final Thread thread = new Thread(this, "stream");
    private volatile boolean stopped = false;

    Stream(String topic) {
      this.topic = topic;
      producer = producer(Map.of("delivery.timeout.ms", 120_000, "linger.ms", 0));
      thread.start();
    }

    @Override
    public void run() {
      for (int value = 0; !stopped; value++) {
        window.acquireUninterruptibly();
        producer.send(new ProducerRecord<>(topic, 0, null, String.valueOf(value)), (metadata, error) -> {
          window.release();
          if (error == null) tell("acked", Map.of("count", acked.incrementAndGet()));
          else error.printStackTrace();
        });
      }
      producer.close();
    }

    int stop() throws InterruptedException {
      stopped = true;
      thread.join();
      return acked.get();
    }
  }

  private static String topic(JsonNode args) {
    return args.get("topic").asText();
  }

  private static String group(JsonNode args) {
    return args.get("group").asText();
  }

  private static TopicPartition partition(JsonNode args) {
    return new TopicPartition(topic(args), args.get("partition").asInt());
  }

  private static List<TopicPartition> partitions(JsonNode args) {
    List<TopicPartition> partitions = new ArrayList<>();
    args.get("partitions").forEach((each) -> partitions.add(new TopicPartition(topic(args), each.asInt())));
    return partitions;
  }

  private static String text(JsonNode node) {
    return node.isNull() ? null : node.asText();
  }

  private static List<Integer> numbers(Collection<TopicPartition> partitions) {
    return partitions.stream().map(TopicPartition::partition).toList();
  }

  private static void tell(String event, Map<String, Object> fields) {
    Map<String, Object> message = new HashMap<>(fields);
    message.put("event", event);
    say(message);
  }

  private static void answer(int id, Object ok) {
    Map<String, Object> message = new HashMap<>();
    message.put("id", id);
    message.put("ok", ok);
    say(message);
  }

  private static void answerError(int id, Exception error) {
    StringWriter trace = new StringWriter();
    error.printStackTrace(new PrintWriter(trace));
    say(Map.of("id", id, "error", trace.toString()));
  }

  private static void say(Map<String, Object> message) {
    try {
      OUT.println(JSON.writeValueAsString(message));
    } catch (Exception error) {
      throw new IllegalStateException(error);
    }
  }
}
