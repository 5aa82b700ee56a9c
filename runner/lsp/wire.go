package lsp

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The limits of what is read for one message, in bytes.
const (
	maxHeader  = 4 << 10
	maxMessage = 64 << 20
)

// wire carries messages with a header, as the protocol's base layer defines it. The
// framing of the JSON-RPC library would allocate whatever a header asks for, and would
// have to be closed to end while it reads; this one is bounded, and ends by itself
// behind the message `exit`, which a client that has gone is taken to have sent.
type wire struct {
	in       *bufio.Reader
	out      io.Writer
	exited   bool            // the client has said `exit`
	answered func()          // waits until everything that was received has been answered
	over     <-chan struct{} // closed when nothing is to be received any more
}

func newWire(in io.Reader, out io.Writer) *wire {
	return &wire{in: bufio.NewReaderSize(in, maxHeader), out: out}
}

// Send writes a message. It is called by one goroutine at a time.
func (w *wire) Send(msg []byte) error {
	head := fmt.Appendf(nil, "Content-Length: %d\r\n\r\n", len(msg))
	_, err := w.out.Write(append(head, msg...))
	return err
}

// Recv reads a message. Behind the last one it waits until all are answered, and is
// io.EOF; where no message begins, it is an error after which nothing more can be read.
func (w *wire) Recv() ([]byte, error) {
	if w.exited {
		w.answered()
		return nil, io.EOF
	}
	msg, err := w.read()
	select {
	case <-w.over:
		return nil, io.EOF
	default:
	}
	if w.exited = errors.Is(err, io.EOF) || isExit(msg); w.exited {
		// Not as the client wrote it, who may have made a mistake: it must be handled.
		return []byte(`{"jsonrpc":"2.0","method":"exit"}`), nil
	}
	return msg, err
}

// read reads a message; the error is io.EOF where there is none any more.
func (w *wire) read() ([]byte, error) {
	size := -1
	for first := true; ; first = false {
		line, err := w.in.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF) && first && len(line) == 0:
			return nil, io.EOF
		case errors.Is(err, io.EOF):
			return nil, io.ErrUnexpectedEOF
		case errors.Is(err, bufio.ErrBufferFull):
			return nil, fmt.Errorf("a header line of more than %d bytes", maxHeader)
		case err != nil:
			return nil, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		name, value, ok := strings.Cut(string(line), ":")
		if !ok {
			return nil, fmt.Errorf("no header: %.60q", line)
		}
		if strings.EqualFold(name, "Content-Length") {
			if size, err = strconv.Atoi(strings.TrimSpace(value)); err != nil || size < 0 || size > maxMessage {
				return nil, fmt.Errorf("a message of %.30q bytes: at most %d are read", strings.TrimSpace(value), maxMessage)
			}
		}
	}
	if size < 0 {
		return nil, errors.New("a message without Content-Length")
	}
	// What the header promises is allocated as it comes.
	var msg bytes.Buffer
	if _, err := io.CopyN(&msg, w.in, int64(size)); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	return msg.Bytes(), nil
}

// Close does nothing: reader and writer are the caller's.
func (w *wire) Close() error { return nil }

// isExit tells the last message of a client.
func isExit(msg []byte) bool {
	if len(msg) > maxHeader || !bytes.Contains(msg, []byte(`"exit"`)) {
		return false
	}
	var m struct {
		Method string          `json:"method"`
		ID     json.RawMessage `json:"id"`
	}
	return json.Unmarshal(msg, &m) == nil && m.Method == "exit" && m.ID == nil
}
