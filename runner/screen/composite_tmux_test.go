package screen_test

import (
	"context"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"workshop/runner/screen"
	"workshop/runner/screen/tmuxtest"
	"workshop/runner/terminal"
)

// TestTmuxView divides a window of ours and one of a tmux whose client runs on a terminal
// of ours: both are drawn the same.
func TestTmuxView(t *testing.T) {
	for seed := range uint64(6) {
		o := tmuxtest.Start(t, 80, 24, "exec sleep infinity")
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		drawn := make(chan string, 1) // the client's last screen
		client, err := terminal.Start(ctx, terminal.Options{
			Dir: t.TempDir(), Env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "LC_ALL=C.UTF-8"},
			Drawn: func(s *screen.Screen) {
				select {
				case <-drawn:
				default:
				}
				drawn <- strings.Join(s.Text(), "\n")
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		if err := client.Submit(ctx, "exec env TERM=xterm-256color tmux -u -S "+o.Socket+" attach"); err != nil {
			t.Fatal(err)
		}
		l := screen.NewLayout(80, 24, 0)
		r := rand.New(rand.NewPCG(seed, 9))
		for id := 1; id < 12; id++ {
			args, err := screen.RandomArrangement(r, l, id)
			if out, tmuxErr := o.Run(args...); (err == nil) != (tmuxErr == nil) {
				t.Fatalf("%v: %v, tmux %v %s", args, err, tmuxErr, out)
			}
		}
		c := screen.NewComposite(func([]byte) {})
		c.Arrange(l)
		want := strings.Join(c.Lines(), "\n")
		for got := ""; got != want; {
			select {
			case got = <-drawn:
			case <-ctx.Done():
				t.Fatalf("seed %d: %s", seed, cmp.Diff(got, want))
			}
		}
	}
}
