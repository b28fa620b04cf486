// The clients of Go behind one door; arguments as ../README.md says, with the client's name in front.
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strconv"

	"github.com/IBM/sarama"
	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
)

// told prints a record and says whether it is the last one.
type told func(offset int64, key []byte) bool

var clients = map[string]func(bootstrap, topic string, offset int64, record told) error{
	"franz-go": franz,
	"kafka-go": kafkaGo,
	"sarama":   readBySarama,
}

func main() {
	client, bootstrap, topic, untilKey := os.Args[1], os.Args[2], os.Args[3], os.Args[5]
	offset, err := strconv.ParseInt(os.Args[4], 10, 64)
	if err != nil {
		log.Fatal(err)
	}
	err = clients[client](bootstrap, topic, offset, func(offset int64, key []byte) bool {
		fmt.Printf("%d:%s\n", offset, key)
		return string(key) == untilKey
	})
	if err != nil {
		log.Fatal(err)
	}
}

func franz(bootstrap, topic string, offset int64, record told) error {
	start := map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().At(offset)}}
	client, err := kgo.NewClient(kgo.SeedBrokers(bootstrap), kgo.ConsumePartitions(start))
	if err != nil {
		return err
	}
	defer client.Close()
	for {
		fetches := client.PollFetches(context.Background())
		if err := fetches.Err(); err != nil {
			return err
		}
		for records := fetches.RecordIter(); !records.Done(); {
			next := records.Next()
			if record(next.Offset, next.Key) {
				return nil
			}
		}
	}
}

func kafkaGo(bootstrap, topic string, offset int64, record told) error {
	reader := kafkago.NewReader(kafkago.ReaderConfig{Brokers: []string{bootstrap}, Topic: topic, Partition: 0})
	defer reader.Close()
	if err := reader.SetOffset(offset); err != nil {
		return err
	}
	for {
		next, err := reader.ReadMessage(context.Background())
		if err != nil {
			return err
		}
		if record(next.Offset, next.Key) {
			return nil
		}
	}
}

func readBySarama(bootstrap, topic string, offset int64, record told) error {
	consumer, err := sarama.NewConsumer([]string{bootstrap}, sarama.NewConfig())
	if err != nil {
		return err
	}
	defer consumer.Close()
	partition, err := consumer.ConsumePartition(topic, 0, offset)
	if err != nil {
		return err
	}
	defer partition.Close()
	for next := range partition.Messages() {
		if record(next.Offset, next.Key) {
			return nil
		}
	}
	return nil
}
