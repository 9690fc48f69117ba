// sarama behind the line protocol of ../../README.md.
package main

import (
	"fmt"
	"os"
	"time"

	"github.com/IBM/sarama"

	"ottla.test/clients/lines"
)

var bootstrap = os.Args[1]

func config() *sarama.Config {
	c := sarama.NewConfig()
	c.Version = sarama.MaxVersion
	c.ClientID = "proto-tests"
	return c
}

func create(c lines.Command) (map[string]any, error) {
	admin, err := sarama.NewClusterAdmin([]string{bootstrap}, config())
	if err != nil {
		return nil, err
	}
	defer admin.Close()
	return nil, admin.CreateTopic(c.Topic, &sarama.TopicDetail{NumPartitions: c.Partitions, ReplicationFactor: 1}, false)
}

var codecs = map[string]sarama.CompressionCodec{
	"none": sarama.CompressionNone, "gzip": sarama.CompressionGZIP, "snappy": sarama.CompressionSnappy,
	"lz4": sarama.CompressionLZ4, "zstd": sarama.CompressionZSTD,
}

// encoder returns nil for a null, which sarama tells from an empty value only as an interface.
func encoder(b []byte) sarama.Encoder {
	if b == nil {
		return nil
	}
	return sarama.ByteEncoder(b)
}

func produce(c lines.Command) (map[string]any, error) {
	records, err := lines.Read(c.File)
	if err != nil {
		return nil, err
	}
	conf := config()
	conf.Producer.RequiredAcks = sarama.WaitForAll
	conf.Producer.Compression = codecs[c.Codec]
	conf.Producer.Idempotent = c.Idempotent
	conf.Net.MaxOpenRequests = 1
	conf.Producer.Return.Successes = true
	conf.Producer.Partitioner = sarama.NewManualPartitioner
	conf.Producer.MaxMessageBytes = 1040000
	producer, err := sarama.NewSyncProducer([]string{bootstrap}, conf)
	if err != nil {
		return nil, err
	}
	defer producer.Close()
	// Batches of at most 900,000 bytes of values: sarama packs one request per call, and the broker's limit is on the batch.
	var messages, all []*sarama.ProducerMessage
	size := 0
	for i, r := range records {
		m := &sarama.ProducerMessage{Topic: c.Topic, Partition: c.Partition, Key: encoder(r.Key), Value: encoder(r.Value), Timestamp: time.UnixMilli(r.Timestamp)}
		for _, h := range r.Headers {
			m.Headers = append(m.Headers, sarama.RecordHeader{Key: []byte(h.Name), Value: h.Value})
		}
		if size+len(r.Value) > 900000 && len(messages) > 0 {
			if err := producer.SendMessages(messages); err != nil {
				return nil, fmt.Errorf("%v", err)
			}
			messages, size = nil, 0
		}
		messages, all, size = append(messages, m), append(all, m), size+len(r.Value)
		if i == len(records)-1 {
			if err := producer.SendMessages(messages); err != nil {
				return nil, fmt.Errorf("%v", err)
			}
		}
	}
	offsets := []int64{}
	for _, m := range all {
		offsets = append(offsets, m.Offset)
	}
	return map[string]any{"offsets": offsets}, nil
}

func consume(c lines.Command) (map[string]any, error) {
	cl, err := sarama.NewClient([]string{bootstrap}, config())
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	start := c.Offset
	if c.Timestamp != nil {
		if start, err = cl.GetOffset(c.Topic, c.Partition, *c.Timestamp); err != nil {
			return nil, err
		}
	}
	consumer, err := sarama.NewConsumerFromClient(cl)
	if err != nil {
		return nil, err
	}
	defer consumer.Close()
	partition, err := consumer.ConsumePartition(c.Topic, c.Partition, start)
	if err != nil {
		return nil, err
	}
	defer partition.AsyncClose()
	var got []lines.Record
	timeout := time.After(30 * time.Second)
	for len(got) < c.Count {
		select {
		case m := <-partition.Messages():
			one := lines.Record{Offset: m.Offset, Timestamp: m.Timestamp.UnixMilli(), Key: m.Key, Value: m.Value}
			for _, h := range m.Headers {
				one.Headers = append(one.Headers, lines.Header{Name: string(h.Key), Value: h.Value})
			}
			got = append(got, one)
		case <-timeout:
			return nil, fmt.Errorf("timed out, %d records missing", c.Count-len(got))
		}
	}
	return nil, lines.Write(c.File, got)
}

func main() {
	lines.Serve(map[string]func(lines.Command) (map[string]any, error){"create": create, "produce": produce, "consume": consume})
}
