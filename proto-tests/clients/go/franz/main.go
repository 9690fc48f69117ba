// franz-go behind the line protocol of ../../README.md.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"ottla.test/clients/lines"
)

var bootstrap = os.Args[1]

func client(opts ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(strings.Split(bootstrap, ",")...)}, opts...)...)
}

func create(c lines.Command) (map[string]any, error) {
	cl, err := client()
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	answer, err := kadm.NewClient(cl).CreateTopic(ctx, c.Partitions, 1, nil, c.Topic)
	if err == nil {
		err = answer.Err
	}
	return nil, err
}

var codecs = map[string]kgo.CompressionCodec{
	"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
	"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
}

func produce(c lines.Command) (map[string]any, error) {
	records, err := lines.Read(c.File)
	if err != nil {
		return nil, err
	}
	opts := []kgo.Opt{
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(codecs[c.Codec]),
		kgo.ProducerBatchMaxBytes(1 << 20),
	}
	if !c.Idempotent {
		opts = append(opts, kgo.DisableIdempotentWrite(), kgo.MaxProduceRequestsInflightPerBroker(1))
	}
	cl, err := client(opts...)
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	var batch []*kgo.Record
	for _, r := range records {
		k := &kgo.Record{Topic: c.Topic, Partition: c.Partition, Key: r.Key, Value: r.Value, Timestamp: time.UnixMilli(r.Timestamp)}
		for _, h := range r.Headers {
			k.Headers = append(k.Headers, kgo.RecordHeader{Key: h.Name, Value: h.Value})
		}
		batch = append(batch, k)
	}
	ctx, stop := context.WithTimeout(context.Background(), 60*time.Second)
	defer stop()
	results := cl.ProduceSync(ctx, batch...)
	offsets := make([]int64, 0, len(results))
	for _, r := range batch {
		offsets = append(offsets, r.Offset)
	}
	return map[string]any{"offsets": offsets}, results.FirstErr()
}

func consume(c lines.Command) (map[string]any, error) {
	at := kgo.NewOffset()
	switch {
	case c.Timestamp != nil:
		at = at.AfterMilli(*c.Timestamp)
	case c.Offset < 0:
		at = at.AtStart()
	default:
		at = at.At(c.Offset)
	}
	cl, err := client(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{c.Topic: {c.Partition: at}}))
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	var got []lines.Record
	for len(got) < c.Count {
		fetches := cl.PollFetches(ctx)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("timed out, %d records missing", c.Count-len(got))
		}
		if errs := fetches.Errors(); len(errs) > 0 {
			return nil, errs[0].Err
		}
		fetches.EachRecord(func(r *kgo.Record) {
			one := lines.Record{Offset: r.Offset, Timestamp: r.Timestamp.UnixMilli(), Key: r.Key, Value: r.Value}
			for _, h := range r.Headers {
				one.Headers = append(one.Headers, lines.Header{Name: h.Key, Value: h.Value})
			}
			got = append(got, one)
		})
	}
	return nil, lines.Write(c.File, got[:c.Count])
}

// load produces numbered records, idempotently, for some seconds across broker deaths, and writes down each record that
// was acknowledged with its offset: what a crash must not lose, double or move.
func load(c lines.Command) (map[string]any, error) {
	cl, err := client(
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(time.Millisecond), kgo.MaxBufferedRecords(2000),
		kgo.RetryBackoffFn(func(int) time.Duration { return 50 * time.Millisecond }), kgo.MetadataMinAge(50*time.Millisecond),
		kgo.RecordDeliveryTimeout(90*time.Second), kgo.UnknownTopicRetries(-1), kgo.RequestRetries(1000),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
	)
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	type ack struct {
		record lines.Record
		err    error
	}
	acks := make(chan ack, 100000)
	stopReading, err := read(c)
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	stopAt := begin.Add(time.Duration(c.Seconds) * time.Second)
	sent := 0
	ctx := context.Background()
	var got []lines.Record
	failed, firstError := 0, ""
	take := func(a ack) {
		if a.err != nil {
			failed++
			if firstError == "" && !errors.Is(a.err, context.Canceled) {
				firstError = a.err.Error()
			}
			return
		}
		got = append(got, a.record)
	}
	answered := 0
	for time.Now().Before(stopAt) && (c.Records == 0 || sent < c.Records) && (sent%16 != 0 || !c.Stopped()) {
		if c.Pace > 0 {
			time.Sleep(time.Until(begin.Add(time.Duration(sent) * time.Second / time.Duration(c.Pace))))
		}
		value := []byte(fmt.Sprintf("%s%012d", c.Tag, c.First+sent))
		partition := int32(sent) % c.Partitions
		sent++
		r := &kgo.Record{Topic: c.Topic, Partition: partition, Value: value}
		cl.Produce(ctx, r, func(r *kgo.Record, err error) {
			acks <- ack{lines.Record{Offset: r.Offset, Timestamp: int64(r.Partition), Value: r.Value}, err}
		})
		for len(acks) > 0 {
			take(<-acks)
			answered++
		}
	}
	for answered < sent {
		take(<-acks)
		answered++
	}
	if err := stopReading(); err != nil {
		return nil, err
	}
	return map[string]any{"sent": sent, "failed": failed, "first_error": firstError}, lines.Write(c.File, got)
}

// read reads at the tail of all partitions until it is stopped, if the command asks for that, and writes down what it was
// shown, in the order in which it was.
func read(c lines.Command) (func() error, error) {
	if c.Polls == "" {
		return func() error { return nil }, nil
	}
	at := map[int32]kgo.Offset{}
	for p := int32(0); p < c.Partitions; p++ {
		at[p] = kgo.NewOffset().AtEnd()
	}
	cl, err := client(kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{c.Topic: at}), kgo.MetadataMinAge(50*time.Millisecond))
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() {
		var got []lines.Record
		for ctx.Err() == nil {
			cl.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
				got = append(got, lines.Record{Offset: r.Offset, Timestamp: int64(r.Partition), Value: r.Value})
			})
		}
		cl.Close()
		done <- lines.Write(c.Polls, got)
	}()
	return func() error { stop(); return <-done }, nil
}

func main() {
	lines.Serve(map[string]func(lines.Command) (map[string]any, error){
		"create": create, "produce": produce, "consume": consume, "load": load,
	})
}
