//go:build unix

package sandbox

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// The owner sends requests and the supervisor answers each of them, in order, with
// one reply; replies of the kinds ready and ended come on their own. A message is
// its length, four bytes with the highest first, and as much JSON; descriptors
// travel beside the first byte. It is a stream, as packets would limit the size of
// an environment (and macOS has none for unix sockets).

// request asks for a process to be started, if Start is set, or to be signalled.
type request struct {
	ID     int // chosen by the owner
	Start  *start
	Signal syscall.Signal
}

// start is a [Cmd] on its way. Strings are bytes here because JSON strings cannot
// hold all that a path or an environment can.
type start struct {
	Path, Dir []byte
	Argv, Env [][]byte
	TTY       bool
	Null      []bool // which of the descriptors are /dev/null and not sent along
}

type kind string

const (
	ready     kind = "ready"     // the supervisor is set up, or failed to
	started   kind = "started"   // or failed to; the process's pidfd is beside it where there are any
	signalled kind = "signalled" // or failed to
	ended     kind = "ended"     // the process ID has ended with Status
)

type reply struct {
	Kind   kind
	ID     int
	PID    int           // as the supervisor sees it
	Op     string        // what failed, if Errno is set
	Path   []byte        // what it failed on
	Errno  syscall.Errno // 0 is success
	Status Status
}

// fail makes r the failure err of op on path.
func (r *reply) fail(op, path string, err error) {
	r.Op, r.Path = op, []byte(path)
	if !errors.As(err, &r.Errno) {
		r.Op, r.Errno = fmt.Sprintf("%s (%v)", op, err), syscall.EIO
	}
}

// err is the failure in r, or nil.
func (r *reply) err() error {
	switch {
	case r.Errno == 0:
		return nil
	case len(r.Path) == 0:
		return os.NewSyscallError(r.Op, r.Errno)
	default:
		return &os.PathError{Op: r.Op, Path: string(r.Path), Err: r.Errno}
	}
}

// maxFiles is SCM_MAX_FD of Linux.
const maxFiles = 253

// wire is one end of the socket. One goroutine may send while another receives.
type wire struct {
	conn *net.UnixConn
	oob  []byte // for receiving
}

// newWire takes over the descriptor of a socket.
func newWire(fd int) (*wire, error) {
	f := os.NewFile(uintptr(fd), "sandbox")
	defer f.Close()
	conn, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	unixConn, ok := conn.(*net.UnixConn)
	if !ok {
		return nil, fmt.Errorf("descriptor %d is not a unix socket", fd)
	}
	return &wire{conn: unixConn, oob: make([]byte, unix.CmsgSpace(maxFiles*4))}, nil
}

func (w *wire) send(message any, fds ...int) error {
	body, err := json.Marshal(message)
	if err != nil {
		return err
	}
	data := append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
	var oob []byte
	if len(fds) > 0 {
		oob = unix.UnixRights(fds...)
	}
	n, _, err := w.conn.WriteMsgUnix(data, oob, nil)
	if err == nil && n < len(data) {
		_, err = w.conn.Write(data[n:])
	}
	if op := (*net.OpError)(nil); errors.As(err, &op) {
		return op.Err // the addresses have no names
	}
	return err
}

// receive decodes the next message. The caller closes the descriptors, which close
// on exec.
func (w *wire) receive(message any) (fds []int, err error) {
	var head [4]byte
	n, oobn, _, _, err := w.conn.ReadMsgUnix(head[:], w.oob)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, io.EOF
	}
	defer func() {
		if err != nil {
			closeAll(fds)
		}
	}()
	if oobn > 0 {
		controls, err := unix.ParseSocketControlMessage(w.oob[:oobn])
		if err != nil {
			return nil, err
		}
		for _, control := range controls {
			rights, err := unix.ParseUnixRights(&control)
			if err != nil {
				return fds, err
			}
			fds = append(fds, rights...)
		}
	}
	if _, err := io.ReadFull(w.conn, head[n:]); err != nil {
		return fds, err
	}
	body := make([]byte, binary.BigEndian.Uint32(head[:]))
	if _, err := io.ReadFull(w.conn, body); err != nil {
		return fds, err
	}
	return fds, json.Unmarshal(body, message)
}

func closeAll(fds []int) {
	for _, fd := range fds {
		unix.Close(fd)
	}
}

func toBytes(in []string) [][]byte {
	out := make([][]byte, len(in))
	for i, s := range in {
		out[i] = []byte(s)
	}
	return out
}

func toStrings(in [][]byte) []string {
	out := make([]string, len(in))
	for i, b := range in {
		out[i] = string(b)
	}
	return out
}
