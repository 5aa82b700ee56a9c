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

// The limits for reading one message, in bytes.
const (
	maxHeader  = 4 << 10
	maxMessage = 64 << 20
)

// wire carries messages with a header, as defined in the protocol's base layer. The framing of the
// JSON-RPC library would allocate any size that a header gives, and would have to be closed to end
// while it reads. This one is bounded, and ends by itself after the message `exit`. If the client
// goes without it, wire delivers an `exit`.
type wire struct {
	in       *bufio.Reader
	out      io.Writer
	exited   bool            // the client has sent `exit`
	answered func()          // waits until all received messages have been answered
	over     <-chan struct{} // closed when no more messages will be received
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

// Recv reads a message. After the last one it waits until all are answered, and returns io.EOF. If
// no message begins, it returns an error, and nothing more can be read.
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
		// Not the client's own text, which may contain a mistake: this message must be handled.
		return []byte(`{"jsonrpc":"2.0","method":"exit"}`), nil
	}
	return msg, err
}

// read reads a message. It returns io.EOF at the end.
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
	// The buffer grows with the received bytes, not by the size in the header.
	var msg bytes.Buffer
	if _, err := io.CopyN(&msg, w.in, int64(size)); err != nil {
		return nil, io.ErrUnexpectedEOF
	}
	return msg.Bytes(), nil
}

// Close does nothing: the caller closes the reader and the writer.
func (w *wire) Close() error { return nil }

// isExit reports whether a message is a client's last.
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
