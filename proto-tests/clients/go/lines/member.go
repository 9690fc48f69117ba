package lines

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Spec is the one argument of a group member.
type Spec struct {
	Bootstrap   string `json:"bootstrap"`
	Topic       string `json:"topic"`
	Pattern     string `json:"pattern"`
	Group       string `json:"group"`
	Protocol    string `json:"protocol"`
	Assignor    string `json:"assignor"`
	Instance    string `json:"instance"`
	SessionMs   int64  `json:"session_ms"`
	HeartbeatMs int64  `json:"heartbeat_ms"`
}

// Session is the session timeout.
func (s Spec) Session() time.Duration { return time.Duration(s.SessionMs) * time.Millisecond }

// Heartbeat is the time between heartbeats.
func (s Spec) Heartbeat() time.Duration { return time.Duration(s.HeartbeatMs) * time.Millisecond }

// ReadSpec takes the program's argument.
func ReadSpec() Spec {
	var s Spec
	if err := json.Unmarshal([]byte(os.Args[1]), &s); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(64)
	}
	return s
}

// Event prints one event in one write, so that a killed member leaves whole lines.
func Event(name string, fields map[string]any) {
	line := map[string]any{"e": name, "t": time.Now().UnixMilli()}
	for k, v := range fields {
		line[k] = v
	}
	b, _ := json.Marshal(line)
	os.Stdout.Write(append(b, '\n'))
}

// Change prints what happened to partitions: "assigned", "revoked" or "lost".
func Change(name string, partitions map[string][]int32, generation int32, member string) {
	list := []string{}
	for topic, numbers := range partitions {
		for _, p := range numbers {
			list = append(list, fmt.Sprintf("%s-%d", topic, p))
		}
	}
	Event(name, map[string]any{"p": list, "g": generation, "m": member})
}

// Got prints consumed offsets of one partition.
func Got(topic string, partition int32, offsets []int64) {
	Event("got", map[string]any{"p": fmt.Sprintf("%s-%d", topic, partition), "o": offsets})
}

// Committed prints what came of a commit.
func Committed(err error) {
	if err != nil {
		Event("commit failed", map[string]any{"error": err.Error()})
	} else {
		Event("committed", nil)
	}
}

// Leaving is closed once SIGTERM comes.
func Leaving() <-chan os.Signal {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGTERM)
	return c
}
