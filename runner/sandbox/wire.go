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

// The owner sends a folder, then requests, and the supervisor answers each of these, in order, with
// one reply.
// Replies of the kinds ready and ended are sent without a request. A message is its length (four
// bytes, big-endian) and as many bytes of JSON; descriptors are sent with the first byte. The
// socket is a stream: packets would limit the size of an environment, and macOS has none for unix
// sockets.

// folder is the directory that the supervisor removes, and its place ([Options]); both may be empty.
type folder struct{ Directory, Place []byte }

// request starts a process, if Start is set, or signals one.
type request struct {
	ID     int // chosen by the owner
	Start  *start
	Signal syscall.Signal
}

// start is an encoded [Cmd]. Strings are bytes here because JSON strings cannot hold every path or
// environment.
type start struct {
	Path, Dir []byte
	Argv, Env [][]byte
	TTY       bool
	Null      []bool // the descriptors that are /dev/null and not sent
}

type kind string

const (
	ready     kind = "ready"     // the supervisor is set up, or failed to be
	started   kind = "started"   // or failed; the process's pidfd is sent with it if the system has them
	signalled kind = "signalled" // or failed
	ended     kind = "ended"     // the process ID has ended with Status
)

type reply struct {
	Kind   kind
	ID     int
	PID    int           // in the supervisor's namespace
	Op     string        // the failed operation, if Errno is set
	Path   []byte        // its argument
	Errno  syscall.Errno // 0 means success
	Status Status

	Unplaced string // of ready: why the directory is not at its place
}

// fail sets the error in r: err of op on path.
func (r *reply) fail(op, path string, err error) {
	r.Op, r.Path = op, []byte(path)
	if !errors.As(err, &r.Errno) {
		r.Op, r.Errno = fmt.Sprintf("%s (%v)", op, err), syscall.EIO
	}
}

// err returns the error in r, or nil.
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

// receive decodes the next message. The caller closes the descriptors. They close on exec.
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
