package compose_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"workshop/services/compose/engine"
)

// embeddedHost starts an embedded engine for the test, whose containers share the machine's network.
func embeddedHost(t *testing.T) string {
	t.Helper()
	return startEngine(t, false)
}

// startEngine starts an embedded engine. Its containers have networks of their own if that is asked for
// and allowed.
func startEngine(t testing.TB, network bool) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "compose") // a socket's path has to be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	e, err := engine.New(engine.Options{Executable: app(t), State: dir, Network: network})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, "engine.sock"))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := e.Serve(context.WithoutCancel(t.Context()), l); err != nil {
			t.Errorf("embedded engine: %v", err)
		}
	})
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("embedded engine: %v", err)
		}
		wg.Wait()
	})
	return "unix://" + l.Addr().String()
}

// onEngines runs a test against both kinds of engine.
func onEngines(t *testing.T, test func(t *testing.T, host string)) {
	t.Run("docker", func(t *testing.T) { test(t, dockerHost(t)) })
	t.Run("embedded", func(t *testing.T) { test(t, embeddedHost(t)) })
}
