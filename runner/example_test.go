package runner_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"workshop/markdown"
	"workshop/runner"
)

// The program has called sandbox.Main before.
func Example() {
	deck, err := markdown.Parse("deck.md", []byte(strings.ReplaceAll(`## Greetings

.exercise[
'''bash
echo hello
'''
'''output
hello
'''
]

---

## Files

.exercise[
'''bash
ls missing
'''
]
`, "'''", "```")))
	if err != nil {
		fmt.Println(err)
		return
	}
	plan, err := runner.Compile(deck)
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := runner.Run(context.Background(), plan, runner.Options{Path: os.Getenv("PATH")})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, session := range result.Sessions {
		for _, exercise := range session.Exercises {
			fmt.Println(exercise.ID, exercise.Verdict)
			if exercise.Failure != nil {
				fmt.Println(exercise.Failure)
			}
		}
	}
	// Output:
	// deck/greetings passed
	// deck/files failed
	// deck.md:17:1: the command ended with status 2
}
