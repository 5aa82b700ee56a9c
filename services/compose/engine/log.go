package engine

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// The streams of a process, with the numbers of the multiplexed stream's frames.
const (
	stdout = 1
	stderr = 2
)

// maxLine is the length at which Docker splits a line into several records.
const maxLine = 16 << 10

// lineLog is a container's log on disk: records with a time, a stream and a line. There
// are two files. When the newer one has reached half of the size, the older one is
// dropped. Positions are offsets into everything that was ever written.
//
// A record is the time in nanoseconds since 1970 (8 bytes), the stream (1), the length
// of the line (4, all big-endian) and the line with its newline. Only the pieces of an
// overlong line and a last line without a newline lack it.
type lineLog struct {
	dir  string
	half int64 // size at which the newer file becomes the older one; 0 keeps nothing
	log  *slog.Logger

	mu       sync.Mutex
	old, cur logFile
	number   int
	partial  [3][]byte // by stream: the unfinished line
	changed  chan struct{}
	failed   bool // a write failed and was reported
}

type logFile struct {
	*os.File
	base, size int64
}

const recordHeader = 13

// record is a line of a log.
type record struct {
	time   time.Time
	stream byte
	line   []byte
}

func newLineLog(dir string, size int64, log *slog.Logger) *lineLog {
	return &lineLog{dir: dir, half: size / 2, log: log}
}

// write adds output of a stream. Whole lines are stored at once.
func (l *lineLog) write(stream byte, p []byte) {
	if l.half == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	var records []byte
	rest := p
	if len(l.partial[stream]) > 0 {
		rest = append(l.partial[stream], p...)
	}
	for {
		n := bytes.IndexByte(rest[:min(len(rest), maxLine)], '\n') + 1
		if n == 0 && len(rest) >= maxLine {
			n = maxLine
		}
		if n == 0 {
			break
		}
		records = appendRecord(records, now, stream, rest[:n])
		rest = rest[n:]
	}
	l.partial[stream] = append(l.partial[stream][:0:0], rest...)
	l.store(records)
}

// flush stores the unfinished lines.
func (l *lineLog) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	var records []byte
	for stream, line := range l.partial {
		if len(line) > 0 {
			records = appendRecord(records, time.Now(), byte(stream), line)
			l.partial[stream] = nil
		}
	}
	l.store(records)
}

func appendRecord(b []byte, t time.Time, stream byte, line []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(t.UnixNano()))
	b = append(b, stream)
	b = binary.BigEndian.AppendUint32(b, uint32(len(line)))
	return append(b, line...)
}

// store writes records. If the disk is full, lines are lost and the container goes on.
func (l *lineLog) store(records []byte) {
	if len(records) == 0 {
		return
	}
	if l.cur.File == nil || l.cur.size >= l.half {
		if err := l.rotate(); err != nil {
			l.fail(err)
			return
		}
	}
	if _, err := l.cur.WriteAt(records, l.cur.size); err != nil {
		l.fail(err)
		return
	}
	l.failed = false
	l.cur.size += int64(len(records))
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
}

func (l *lineLog) rotate() error {
	if err := os.MkdirAll(l.dir, 0o700); err != nil {
		return err
	}
	name := filepath.Join(l.dir, "log."+strconv.Itoa(l.number))
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	l.number++
	if l.old.File != nil {
		l.old.Close()
		os.Remove(l.old.Name())
	}
	l.old = l.cur
	l.cur = logFile{File: f, base: l.old.base + l.old.size}
	return nil
}

func (l *lineLog) fail(err error) {
	if !l.failed {
		l.log.Error("a log lost lines", "error", err)
	}
	l.failed = true
}

// read returns the records at a position and the position after them. If they were dropped, it
// starts at the oldest record that is kept. No records means the end; then more is closed when
// there are new ones.
func (l *lineLog) read(at int64) (records []record, next int64, more <-chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.cur
	if l.old.File != nil && at < l.cur.base {
		f = l.old
	}
	at = max(at, f.base)
	end := f.base + f.size
	if at >= end {
		if l.changed == nil {
			l.changed = make(chan struct{})
		}
		return nil, at, l.changed, nil
	}
	data := make([]byte, min(end-at, 64<<10))
	if _, err := f.ReadAt(data, at-f.base); err != nil {
		return nil, at, nil, fmt.Errorf("read the log: %w", err)
	}
	next = at
	for len(data) >= recordHeader {
		n := recordHeader + int(binary.BigEndian.Uint32(data[9:]))
		if n > len(data) {
			break
		}
		records = append(records, record{
			time:   time.Unix(0, int64(binary.BigEndian.Uint64(data))),
			stream: data[8],
			line:   data[recordHeader:n],
		})
		data = data[n:]
		next += int64(n)
	}
	return records, next, nil, nil
}

// lengthOf is the length of records in a log, in bytes.
func lengthOf(records []record) (n int64) {
	for _, r := range records {
		n += int64(recordHeader + len(r.line))
	}
	return n
}

// tail returns the position of the last n records.
func (l *lineLog) tail(n int) (int64, error) {
	var last []int64 // a ring of positions
	count := 0
	at := int64(0)
	for {
		records, next, _, err := l.read(at)
		if err != nil {
			return 0, err
		}
		if len(records) == 0 {
			switch {
			case n == 0 || count == 0:
				return next, nil
			case count <= n:
				return last[0], nil
			}
			return last[count%n], nil
		}
		at = next
		next -= lengthOf(records) // lengths are known from the end
		for _, r := range records {
			switch {
			case n == 0:
			case len(last) < n:
				last = append(last, next)
			default:
				last[count%n] = next
			}
			next += int64(recordHeader + len(r.line))
			count++
		}
	}
}

// end returns the position after the last record.
func (l *lineLog) end() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cur.base + l.cur.size
}

// close removes the files.
func (l *lineLog) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range []logFile{l.old, l.cur} {
		if f.File != nil {
			f.Close()
		}
	}
	l.old, l.cur, l.half = logFile{}, logFile{base: l.cur.base + l.cur.size}, 0
	if l.changed != nil {
		close(l.changed)
		l.changed = nil
	}
	os.RemoveAll(l.dir)
}
