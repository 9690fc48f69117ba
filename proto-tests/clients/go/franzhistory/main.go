// A transactional producer by franz-go that records what it does; ../../README.md has the fields of the one argument.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

var task struct {
	Bootstrap    string `json:"bootstrap"`
	History      string `json:"history"`
	Name         string `json:"name"`
	ID           string `json:"id"`
	Topic        string `json:"topic"`
	Partitions   int32  `json:"partitions"`
	First        int64  `json:"first"`
	Transactions int64  `json:"transactions"`
	Per          int    `json:"per"`
	TimeoutMs    int    `json:"timeout_ms"`
	PauseMs      int    `json:"pause_ms"`
}

var file *os.File

func fail(err error) {
	fmt.Fprintf(os.Stderr, "%s: %v\n", task.Name, err)
	// What is open stays open, as if killed.
	os.Exit(3)
}

func note(event string, fields map[string]any) {
	line := map[string]any{"t": time.Now().UnixMicro(), "p": task.Name, "e": event}
	for name, value := range fields {
		line[name] = value
	}
	text, _ := json.Marshal(line)
	if _, err := file.Write(append(text, '\n')); err != nil {
		fail(err)
	}
}

// outcome is how a transaction ended.
type outcome int

const (
	committed outcome = iota
	aborted
	unknown
)

func tryEnd(cl *kgo.Client, how kgo.TransactionEndTry) error {
	ctx, done := context.WithTimeout(context.Background(), 60*time.Second)
	defer done()
	return cl.EndTransaction(ctx, how)
}

// end commits or aborts. franz-go does not ask again for a commit whose answer was lost: it has the id's transaction aborted, if
// it is not committed yet.
func end(cl *kgo.Client, commit bool) outcome {
	ended := aborted
	if commit {
		err := tryEnd(cl, kgo.TryCommit)
		if err == nil {
			return committed
		}
		if !errors.Is(err, kerr.OperationNotAttempted) {
			ended = unknown
		}
	}
	for tries := 0; ; tries++ {
		err := tryEnd(cl, kgo.TryAbort)
		if err == nil {
			return ended
		}
		if tries == 5 || errors.Is(err, kerr.ProducerFenced) || errors.Is(err, kerr.InvalidProducerEpoch) {
			fail(err)
		}
	}
}

func main() {
	task.TimeoutMs = 10000
	if err := json.Unmarshal([]byte(os.Args[1]), &task); err != nil {
		fail(err)
	}
	var err error
	if file, err = os.OpenFile(task.History, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644); err != nil {
		fail(err)
	}
	cl, err := kgo.NewClient(
		kgo.SeedBrokers(strings.Split(task.Bootstrap, ",")...), kgo.TransactionalID(task.ID), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.TransactionTimeout(time.Duration(task.TimeoutMs)*time.Millisecond), kgo.ProducerLinger(0),
		kgo.RetryBackoffFn(func(int) time.Duration { return 50 * time.Millisecond }), kgo.MetadataMinAge(50*time.Millisecond),
		kgo.UnknownTopicRetries(-1), kgo.RequestRetries(1000),
	)
	if err != nil {
		fail(err)
	}
	value := task.First
	for number := int64(0); number < task.Transactions; number++ {
		txn := task.First + number + 1
		if err := cl.BeginTransaction(); err != nil {
			fail(err)
		}
		note("begin", map[string]any{"txn": txn})
		var failed atomic.Pointer[error]
		for i := 0; i < task.Per; i++ {
			for partition := int32(0); partition < task.Partitions; partition++ {
				value++
				sent := value
				note("send", map[string]any{"value": sent, "at": fmt.Sprintf("%s-%d", task.Topic, partition), "txn": txn})
				record := &kgo.Record{Topic: task.Topic, Partition: partition, Value: []byte(fmt.Sprint(sent))}
				cl.Produce(context.Background(), record, func(r *kgo.Record, err error) {
					// Why a record was not acknowledged does not say that it was not written; but a transaction that may lack one
					// must not be committed, and franz-go leaves that to its user.
					if err == nil {
						note("acked", map[string]any{"value": sent, "offset": r.Offset})
					} else {
						failed.Store(&err)
					}
				})
			}
		}
		if err := cl.Flush(context.Background()); err != nil {
			fail(err)
		}
		commit := number%3 != 2
		if why := failed.Load(); why != nil && commit {
			fmt.Fprintf(os.Stderr, "aborts: %v\n", *why)
			commit = false
		}
		if commit {
			note("commit", map[string]any{"txn": txn})
		}
		switch end(cl, commit) {
		case committed:
			note("committed", map[string]any{"txn": txn})
		case aborted:
			note("aborted", map[string]any{"txn": txn})
		case unknown:
			// Nobody knows, and the history says nothing.
		}
		time.Sleep(time.Duration(task.PauseMs) * time.Millisecond)
	}
}
