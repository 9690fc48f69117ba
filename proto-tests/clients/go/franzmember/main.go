// A member of a consumer group by franz-go, of either protocol.
package main

import (
	"context"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"ottla.test/clients/lines"
)

func main() {
	spec := lines.ReadSpec()
	change := func(name string) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, cl *kgo.Client, partitions map[string][]int32) {
			member, generation := cl.GroupMetadata()
			lines.Change(name, partitions, generation, member)
		}
	}
	opts := []kgo.Opt{
		kgo.SeedBrokers(strings.Split(spec.Bootstrap, ",")...), kgo.ConsumerGroup(spec.Group), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.SessionTimeout(spec.Session()), kgo.HeartbeatInterval(spec.Heartbeat()), kgo.DisableAutoCommit(),
		kgo.BlockRebalanceOnPoll(), kgo.FetchMaxWait(100 * time.Millisecond), kgo.MetadataMaxAge(time.Second),
		kgo.MetadataMinAge(100 * time.Millisecond),
		kgo.OnPartitionsAssigned(change("assigned")), kgo.OnPartitionsRevoked(change("revoked")), kgo.OnPartitionsLost(change("lost")),
	}
	if spec.Pattern != "" {
		opts = append(opts, kgo.ConsumeRegex(), kgo.ConsumeTopics(spec.Pattern))
	} else {
		opts = append(opts, kgo.ConsumeTopics(spec.Topic))
	}
	if spec.Instance != "" {
		opts = append(opts, kgo.InstanceID(spec.Instance))
	}
	switch spec.Assignor {
	case "range":
		opts = append(opts, kgo.Balancers(kgo.RangeBalancer()))
	case "cooperative-sticky":
		opts = append(opts, kgo.Balancers(kgo.CooperativeStickyBalancer()))
	default:
		opts = append(opts, kgo.Balancers(kgo.StickyBalancer()))
	}
	if spec.Protocol == "consumer" {
		opts = append(opts, kgo.ServerSideBalancer())
	}
	cl, err := kgo.NewClient(opts...)
	if err != nil {
		lines.Event("failed", map[string]any{"error": err.Error()})
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	leaving := lines.Leaving()
	go func() {
		<-leaving
		stop()
	}()
	for ctx.Err() == nil {
		poll, done := context.WithTimeout(ctx, 200*time.Millisecond)
		fetches := cl.PollFetches(poll)
		done()
		some := false
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			var offsets []int64
			for _, r := range p.Records {
				offsets = append(offsets, r.Offset)
			}
			if len(offsets) > 0 {
				lines.Got(p.Topic, p.Partition, offsets)
				some = true
			}
		})
		if some {
			commit, done := context.WithTimeout(context.Background(), 20*time.Second)
			lines.Committed(cl.CommitUncommittedOffsets(commit))
			done()
		}
		cl.AllowRebalance()
	}
	cl.AllowRebalance()
	cl.Close()
	lines.Event("left", nil)
}
