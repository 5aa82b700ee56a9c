//go:build unix

package sandbox_test

import (
	"context"
	"fmt"
	"os"

	"workshop/runner/sandbox"
)

// A program calls Main first: the supervisor is the same program, started again.
func Example() {
	if code, ok := sandbox.Main(); ok {
		os.Exit(code)
	}
	ctx := context.Background()
	s, err := sandbox.Start(ctx, sandbox.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close() // ends every process in it
	p, err := s.Start(sandbox.Cmd{Argv: []string{"/bin/sh", "-c", "sleep 1000 & exit 3"}, Dir: "/"})
	if err != nil {
		fmt.Println(err)
		return
	}
	status, err := p.Wait(ctx)
	fmt.Println(status.Code, err)
	// Output: 3 <nil>
}
