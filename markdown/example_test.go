package markdown_test

import (
	"fmt"
	"strings"

	"workshop/markdown"
)

func Example() {
	deck, err := markdown.Parse("deck.md", []byte(strings.ReplaceAll(`# Greetings

.exercise[
- Say something:
  '''bash
  echo hello
  '''
<!-- '''wait hello''' -->
]
`, "'''", "```")))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, chapter := range deck.Chapters {
		for _, slide := range chapter.Slides {
			for _, exercise := range slide.Exercises {
				fmt.Println(exercise.ID)
				for _, step := range exercise.Steps {
					fmt.Printf("%v %s %q\n", step.Pos, step.Directive, step.Text)
				}
			}
		}
	}
	// Output:
	// deck/greetings
	// deck.md:5:3 bash "echo hello"
	// deck.md:8:6 wait "hello"
}
