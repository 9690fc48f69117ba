// A member of a consumer group by sarama.
package main

import (
	"context"
	"time"

	"github.com/IBM/sarama"

	"ottla.test/clients/lines"
)

type handler struct{}

func (handler) Setup(s sarama.ConsumerGroupSession) error {
	lines.Change("assigned", s.Claims(), s.GenerationID(), s.MemberID())
	return nil
}

func (handler) Cleanup(s sarama.ConsumerGroupSession) error {
	lines.Change("revoked", s.Claims(), s.GenerationID(), s.MemberID())
	return nil
}

func (handler) ConsumeClaim(s sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case m, ok := <-claim.Messages():
			if !ok {
				return nil
			}
			offsets := []int64{m.Offset}
			for len(offsets) < 500 && len(claim.Messages()) > 0 {
				if m, ok = <-claim.Messages(); !ok {
					break
				}
				offsets = append(offsets, m.Offset)
			}
			lines.Got(claim.Topic(), claim.Partition(), offsets)
			s.MarkOffset(claim.Topic(), claim.Partition(), offsets[len(offsets)-1]+1, "")
			s.Commit()
		case <-s.Context().Done():
			return nil
		}
	}
}

func main() {
	spec := lines.ReadSpec()
	c := sarama.NewConfig()
	c.Version = sarama.MaxVersion
	c.ClientID = "proto-tests"
	c.Consumer.Group.Session.Timeout = spec.Session()
	c.Consumer.Group.Heartbeat.Interval = spec.Heartbeat()
	c.Consumer.Group.InstanceId = spec.Instance
	c.Consumer.Offsets.Initial = sarama.OffsetOldest
	c.Consumer.Offsets.AutoCommit.Enable = false
	c.Consumer.Return.Errors = true
	c.Consumer.MaxWaitTime = 100 * time.Millisecond
	c.Metadata.RefreshFrequency = time.Second
	group, err := sarama.NewConsumerGroup([]string{spec.Bootstrap}, spec.Group, c)
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
	go func() {
		for err := range group.Errors() {
			lines.Event("error", map[string]any{"error": err.Error()})
		}
	}()
	for ctx.Err() == nil {
		if err := group.Consume(ctx, []string{spec.Topic}, handler{}); err != nil {
			lines.Event("error", map[string]any{"error": err.Error()})
			time.Sleep(100 * time.Millisecond)
		}
	}
	if err := group.Close(); err != nil {
		lines.Event("error", map[string]any{"error": err.Error()})
	}
	lines.Event("left", nil)
}
