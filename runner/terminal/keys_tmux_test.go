package terminal

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"workshop/runner/screen/tmuxtest"
)

// TestTmuxKeys sends every key that ParseKey knows, with every modifier, to a program in
// tmux: it gets the same bytes, wherever tmux knows the key (it types the name of one
// that it does not). They differ in Home and End, of which we send the sequences of xterm
// and our TERM, and in the keys that tmux ignores: Control with most digits and signs.
func TestTmuxKeys(t *testing.T) {
	o := keyOracle{tmuxtest.StartTTY(t), t}
	var keys []string
	for c := byte(' '); c < 0x7f; c++ {
		keys = append(keys, string(c))
	}
	keys = append(keys, KeyNames()...)
	keys = slices.DeleteFunc(append(keys, "enter", "pgdn"), func(k string) bool { return k == "Home" || k == "End" || k == ";" })
	for _, name := range keys {
		for _, modifier := range []string{"", "C-", "^", "M-", "S-", "C-M-", "C-S-", "M-S-", "C-M-S-"} {
			key := modifier + name
			got := o.press(key)
			if got == "" || got == key && modifier != "" {
				continue
			}
			if k, err := ParseKey(key); err != nil || got != k.String() {
				t.Errorf("%q: tmux sends %q, we %q, %v", key, got, k, err)
			}
		}
	}
	for _, key := range []string{"Foo", "C-Foo", "F13", "", "C-"} {
		if _, err := ParseKey(key); err == nil {
			t.Errorf("%q is a key", key)
		}
	}
}

type keyOracle struct {
	*tmuxtest.TTY
	t *testing.T
}

// press returns the bytes that a program gets when tmux sends a key.
func (o keyOracle) press(key string) string {
	o.t.Helper()
	if err := o.File.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		o.t.Fatal(err)
	}
	const end = "\x01\x02end\x02\x01"
	o.Must("send-keys", key, ";", "send-keys", "-l", end)
	var got []byte
	for buf := make([]byte, 256); !bytes.HasSuffix(got, []byte(end)); {
		n, err := o.File.Read(buf)
		if err != nil {
			o.t.Fatalf("%q: %v after %q", key, err, got)
		}
		got = append(got, buf[:n]...)
	}
	return string(bytes.TrimSuffix(got, []byte(end)))
}
