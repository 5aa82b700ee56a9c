package engine

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

func TestHandshake(t *testing.T) {
	long := strings.Repeat("a", 255)
	for name, test := range map[string]struct{ in, out, want string }{
		"name":             {"050100 05010003036162630050", "0500", "abc 80 0"},
		"IPv4":             {"050100 0501000101020304ffff", "0500", "1.2.3.4 65535 0"},
		"IPv6":             {"050100 050100040000000000000000000000000000000100 50", "0500", "::1 80 0"},
		"mapped IPv4":      {"050100 0501000400000000000000000000ffff010203040050", "0500", "1.2.3.4 80 0"},
		"longest name":     {"050100 05010003ff" + hex.EncodeToString([]byte(long)) + "0001", "0500", long + " 1 0"},
		"several methods":  {"05020200 05010003036162630050", "0500", "abc 80 0"},
		"only passwords":   {"050102", "05ff", " 0 -1"},
		"no method":        {"0500", "05ff", " 0 -1"},
		"SOCKS4":           {"0401", "", " 0 -1"},
		"HTTP":             {hex.EncodeToString([]byte("GET / HTTP/1.1\r\n\r\n")), "", " 0 -1"},
		"BIND":             {"050100 05020003036162630050", "0500", " 0 7"},
		"unknown address":  {"050100 05010009", "0500", " 0 8"},
		"empty name":       {"050100 05010003000050", "0500", " 0 -1"},
		"cut in the name":  {"050100 0501000303616200", "0500", " 0 -1"},
		"cut in the port":  {"050100 0501000303616263 00", "0500", " 0 -1"},
		"cut in the reply": {"0501", "", " 0 -1"},
		"nothing":          {"", "", " 0 -1"},
	} {
		t.Run(name, func(t *testing.T) {
			in, err := hex.DecodeString(strings.ReplaceAll(test.in, " ", ""))
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			host, port, reply := handshake(bufio.NewReader(bytes.NewReader(in)), &out)
			if got := fmt.Sprint(host, " ", port, " ", reply); got != test.want || hex.EncodeToString(out.Bytes()) != test.out {
				t.Errorf("got %q and answered %x, want %q and %s", got, out.Bytes(), test.want, test.out)
			}
		})
	}
}

func FuzzHandshake(f *testing.F) {
	f.Add([]byte("\x05\x01\x00\x05\x01\x00\x03\x03abc\x00\x50rest"))
	f.Add([]byte("\x05\x01\x00\x05\x01\x00\x04"))
	f.Add([]byte("\x05\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var out bytes.Buffer
		host, port, reply := handshake(bufio.NewReader(bytes.NewReader(data)), &out)
		switch {
		case reply < -1 || reply > 8, port < 0 || port > 65535, len(host) > 255, out.Len() > 2:
			t.Fatalf("%q %d %d, answered %x", host, port, reply, out.Bytes())
		case reply == 0 && (host == "" || !bytes.Equal(out.Bytes(), []byte{5, 0})):
			t.Fatalf("%q accepted after %x", host, out.Bytes())
		}
	})
}
