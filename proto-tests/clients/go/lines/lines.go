// Package lines is what the Go client programs share: the line protocol and the record files of ../../README.md.
package lines

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

// Command is one line of standard input.
type Command struct {
	Op         string `json:"op"`
	Topic      string `json:"topic"`
	Partitions int32  `json:"partitions"`
	Partition  int32  `json:"partition"`
	Codec      string `json:"codec"`
	Idempotent bool   `json:"idempotent"`
	File       string `json:"file"`
	Count      int    `json:"count"`
	Offset     int64  `json:"offset"`
	Timestamp  *int64 `json:"timestamp"`
	Records    int    `json:"records"`
	Seconds    int    `json:"seconds"`
	First      int    `json:"first"`
	Tag        string `json:"tag"`
	Pace       int    `json:"pace"`
	Stop       string `json:"stop"`
	Polls      string `json:"polls"`
}

// Stopped says whether the file is there whose appearance ends a load.
func (c Command) Stopped() bool {
	if c.Stop == "" {
		return false
	}
	_, err := os.Stat(c.Stop)
	return err == nil
}

// Header is a name and a value that may be nil.
type Header struct {
	Name  string
	Value []byte
}

// MarshalJSON writes a header as a pair.
func (h Header) MarshalJSON() ([]byte, error) { return json.Marshal([]any{h.Name, h.Value}) }

// UnmarshalJSON reads a pair.
func (h *Header) UnmarshalJSON(b []byte) error {
	pair := []any{&h.Name, &h.Value}
	return json.Unmarshal(b, &pair)
}

// Record is one line of a record file.
type Record struct {
	Offset    int64    `json:"o"`
	Timestamp int64    `json:"t"`
	Key       []byte   `json:"k"`
	Value     []byte   `json:"v"`
	Headers   []Header `json:"h"`
}

// Read returns the records of a file.
func Read(path string) ([]Record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var records []Record
	for d := json.NewDecoder(f); d.More(); {
		var r Record
		if err := d.Decode(&r); err != nil {
			return nil, err
		}
		records = append(records, r)
	}
	return records, nil
}

// Write writes records to a file.
func Write(path string, records []Record) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	e := json.NewEncoder(w)
	for _, r := range records {
		if r.Headers == nil {
			r.Headers = []Header{}
		}
		if err := e.Encode(r); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// Serve answers commands until standard input ends.
func Serve(commands map[string]func(Command) (map[string]any, error)) {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<20), 1<<20)
	for in.Scan() {
		var c Command
		answer, err := map[string]any{}, json.Unmarshal(in.Bytes(), &c)
		if err == nil {
			if f, ok := commands[c.Op]; ok {
				answer, err = f(c)
			} else {
				err = fmt.Errorf("no command %q", c.Op)
			}
		}
		if err != nil {
			answer = map[string]any{"ok": false, "error": err.Error()}
		} else {
			if answer == nil {
				answer = map[string]any{}
			}
			answer["ok"] = true
		}
		line, _ := json.Marshal(answer)
		fmt.Println(string(line))
	}
}
