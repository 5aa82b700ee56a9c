package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// whole reads a log as one text, from a position on.
func whole(t testing.TB, l *lineLog, from int64) string {
	var b strings.Builder
	for {
		records, next, _, err := l.read(from)
		if err != nil {
			t.Fatal(err)
		}
		if len(records) == 0 {
			return b.String()
		}
		for _, r := range records {
			b.Write(r.line)
		}
		from = next
	}
}

func TestLogIsBounded(t *testing.T) {
	const bound = 64 << 10
	dir := t.TempDir()
	l := newLineLog(dir+"/log", bound, quiet())
	defer l.close()
	for i := range 20000 {
		l.write(stdout, fmt.Appendf(nil, "line %d\n", i))
	}
	size := int64(0)
	files, err := os.ReadDir(dir + "/log")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil {
			t.Fatal(err)
		}
		size += info.Size()
	}
	if size > bound+1000 || size < bound/2 {
		t.Errorf("%d bytes are kept, of %d", size, bound)
	}
	text := whole(t, l, 0)
	var first int
	fmt.Sscanf(text, "line %d\n", &first)
	var want strings.Builder
	for i := first; i < 20000; i++ {
		fmt.Fprintf(&want, "line %d\n", i)
	}
	if first == 0 || text != want.String() {
		t.Errorf("from line %d: the lines kept are not the last ones", first)
	}
	var shown strings.Builder
	q := logRequest{streams: [3]bool{stdout: true}, tty: true}
	if err := q.copyLog(t.Context(), &shown, l, 0, math.MaxInt64, nil); err != nil {
		t.Fatal(err)
	}
	note, rest, _ := strings.Cut(shown.String(), "\n")
	if rest != want.String() || !strings.HasSuffix(note, "kB of the log before this line were dropped: the engine keeps the last ones only]") {
		t.Errorf("a log that was cut begins with %q", note)
	}
	at, err := l.tail(3)
	if err != nil {
		t.Fatal(err)
	}
	shown.Reset()
	if err := q.copyLog(t.Context(), &shown, l, at, math.MaxInt64, nil); err != nil || strings.Contains(shown.String(), "dropped") {
		t.Errorf("the end of a log: %q, %v", shown.String(), err)
	}
	if got := whole(t, l, at); got != "line 19997\nline 19998\nline 19999\n" {
		t.Errorf("tail: %q", got)
	}
	if at, err = l.tail(math.MaxInt32); err != nil || whole(t, l, at) != text {
		t.Errorf("a tail longer than the log: %v", err)
	}
}

// However output is cut into chunks, the log is the output.
func FuzzLog(f *testing.F) {
	f.Add([]byte("one\ntwo\n"), uint64(1))
	f.Add([]byte("no end"), uint64(2))
	f.Add([]byte("\n\n\xff\x00\n"), uint64(3))
	f.Add(bytes.Repeat([]byte("x"), 3*maxLine), uint64(4))
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		l := newLineLog(t.TempDir(), 1<<30, quiet())
		defer l.close()
		random := rand.New(rand.NewPCG(seed, seed))
		for rest := data; len(rest) > 0; {
			n := 1 + random.IntN(len(rest))
			l.write(stdout, rest[:n])
			rest = rest[n:]
		}
		l.flush()
		var out bytes.Buffer
		q := logRequest{streams: [3]bool{stdout: true}, tty: true}
		if err := q.copyLog(context.Background(), &out, l, 0, math.MaxInt64, nil); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(out.Bytes(), data) {
			t.Fatalf("got %q, want %q", out.Bytes(), data)
		}
		var framed bytes.Buffer
		q.tty = false
		if err := q.copyLog(context.Background(), &framed, l, 0, math.MaxInt64, nil); err != nil {
			t.Fatal(err)
		}
		lines := 0
		for {
			stream, line, err := frame(&framed)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil || stream != stdout || line == "" || len(line) > maxLine || strings.Contains(line[:len(line)-1], "\n") {
				t.Fatalf("frame %d %q %v", stream, line, err)
			}
			lines++
		}
		if at, err := l.tail(lines); err != nil || at != 0 {
			t.Fatalf("tail of all %d lines begins at %d, %v", lines, at, err)
		}
	})
}

func BenchmarkLog(b *testing.B) {
	l := newLineLog(b.TempDir(), 10<<20, quiet())
	defer l.close()
	chunk := bytes.Repeat([]byte(strings.Repeat("x", 79)+"\n"), 400)
	b.SetBytes(int64(len(chunk)))
	b.ReportAllocs()
	for b.Loop() {
		l.write(stdout, chunk)
	}
}
