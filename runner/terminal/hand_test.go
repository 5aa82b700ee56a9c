package terminal

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// TestHandWhileAShellIsIntegrated types as a person does between the start of a nested shell and its
// first prompt with marks: the next snippet has its own status, and no interrupt is repeated for
// ever.
func TestHandWhileAShellIsIntegrated(t *testing.T) {
	for _, shell := range []string{"bash --norc", "dash", "busybox sh", "mksh", "ksh", "zsh -f"} {
		for _, typed := range []string{"\x03", "x\x03", "\r", "(exit 9)\r"} {
			for moment := range 4 {
				t.Run(strings.Join([]string{shell, strconv.Quote(typed), strconv.Itoa(moment)}, " "), func(t *testing.T) {
					t.Parallel()
					needs(t, strings.Fields(shell)[0])
					handDuringIntegration(t, shell, typed, moment)
				})
			}
		}
	}
}

// handDuringIntegration types a text while a shell is integrated: at the integration itself if moment
// is 0, else at that chunk of output from the beginning of the command on. (Earlier, between Return
// and the command, bash 5.2 may lose the first character of the line, and leave the terminal in raw
// mode.)
func handDuringIntegration(t *testing.T, shell, typed string, moment int) {
	t.Helper()
	ctx := limited(t)
	due, chunks := make(chan struct{}), 0
	at := func(now int) {
		if now == moment {
			close(due)
		}
	}
	opts := Options{
		Env: []string{"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", "HOME=/nonexistent"},
		Dir: t.TempDir(), StateDir: t.TempDir(),
		Input: func(b []byte) {
			if bytes.Contains(b, []byte("__w=")) {
				at(0)
			}
		},
		Output: func(b []byte) {
			if chunks > 0 || bytes.Contains(b, []byte("133;C;")) {
				chunks++
				at(chunks)
			}
		},
	}
	s, err := Start(ctx, opts)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var typing sync.WaitGroup
	over := make(chan struct{})
	end := sync.OnceFunc(func() {
		close(over)
		typing.Wait()
	})
	defer end()
	typing.Go(func() {
		select {
		case <-due:
			if err := s.Type([]byte(typed)); err != nil {
				t.Error(err)
			}
		case <-over:
		}
	})
	if err := s.Submit(ctx, shell); err != nil {
		t.Fatal(err)
	}
	started, cancel := context.WithTimeout(ctx, limit/2)
	defer cancel()
	if _, err := s.AwaitPrompt(started); errors.Is(err, context.DeadlineExceeded) {
		t.Fatal("no prompt", s.silence())
	}
	end() // from here on nothing more is typed by hand
	if reads, _ := s.Reads(ctx); reads == ReadsProgram {
		t.Fatal("the shell got no marks", s.silence())
	}
	if err := s.Clear(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.Submit(ctx, "(exit 7)"); err != nil {
		t.Fatal(err)
	}
	if status, err := s.AwaitPrompt(ctx); err != nil || status != 7 {
		t.Errorf("(exit 7): status %d, %v\n%s", status, err, strings.Join(s.Screen(), "\n"))
	}
}

// TestReturnByHand types an empty line at the prompt: the shell reads the next one.
func TestReturnByHand(t *testing.T) {
	s := newSession(t)
	for _, snippet := range []string{"true", "bash --norc", "true"} {
		if _, _, err := do(t, s, snippet); err != nil {
			t.Fatal(err)
		}
		if err := s.Type([]byte("\r")); err != nil {
			t.Fatal(err)
		}
		if reads, _ := s.Reads(limited(t)); reads != ReadsPrompt {
			t.Errorf("behind %q, and Return: %s", snippet, reads)
		}
	}
}

// TestLineByHandWhileProving types a line while the shell has still to prove that it reads: it is the
// shell's next one, and its command is noticed.
func TestLineByHandWhileProving(t *testing.T) {
	s := newSession(t)
	for range 5 {
		if _, _, err := do(t, s, "true"); err != nil {
			t.Fatal(err)
		}
		s.mu.Lock()
		s.prompt.state = proving
		s.mu.Unlock()
		if err := s.Type([]byte("sleep 100\r")); err != nil {
			t.Fatal(err)
		}
		s.mu.Lock()
		s.prompt.proved()
		s.deliver()
		s.mu.Unlock()
		if reads, hand := s.Reads(limited(t)); reads != ReadsProgram || !hand.Ran {
			t.Fatalf("%s, %+v", reads, hand)
		}
		if err := s.Type([]byte("\x03")); err != nil {
			t.Fatal(err)
		}
		if _, err := s.AwaitPrompt(limited(t)); err != nil {
			t.Fatal(err)
		}
	}
}
