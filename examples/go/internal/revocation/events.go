package revocation

import (
	"bufio"
	"bytes"
	"io"
)

// maxLine is more than any batch has: what is longer is no feed.
const maxLine = 1 << 20

// eventReader reads server-sent events, and skips those that are no batches.
type eventReader struct {
	lines *bufio.Scanner
	batch []byte
}

func newEventReader(body io.Reader) *eventReader {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, maxLine)
	return &eventReader{lines: lines}
}

// next goes on to the next batch. An event that the stream ends within is none.
func (r *eventReader) next() bool {
	var name string
	r.batch = nil
	for r.lines.Scan() {
		field, value, _ := bytes.Cut(r.lines.Bytes(), []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch {
		case len(r.lines.Bytes()) == 0:
			if name == "batch" {
				return true
			}
			name, r.batch = "", nil
		case string(field) == "event":
			name = string(value)
		case string(field) == "data":
			// A batch is one line.
			r.batch = bytes.Clone(value)
		}
	}
	return false
}

func (r *eventReader) data() string { return string(r.batch) }

func (r *eventReader) err() error { return r.lines.Err() }
