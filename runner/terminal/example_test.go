package terminal_test

import (
	"context"
	"fmt"
	"os"
	"time"

	"workshop/runner/terminal"
)

func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	shell, err := terminal.Start(ctx, terminal.Options{Env: []string{"PATH=" + os.Getenv("PATH")}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer shell.Close()
	begun := shell.Position()
	if err := shell.Submit(ctx, "echo $((6 * 7)); (exit 3)"); err != nil {
		fmt.Println(err)
		return
	}
	status, err := shell.AwaitPrompt(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%q, status %d\n", shell.Since(begun), status)
	// Output: "42\n", status 3
}
