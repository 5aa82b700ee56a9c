package screen_test

import (
	"fmt"
	"strings"

	"workshop/runner/screen"
)

func Example() {
	s := screen.New(20, 2, screen.Hooks{})
	// A carriage return goes back to the beginning of the line.
	if _, err := s.Write([]byte("loading  50 %\rloading 100 %\r\n\x1b[32mready\x1b[m")); err != nil {
		fmt.Println(err)
		return
	}
	for _, line := range s.View().Lines {
		fmt.Println(strings.TrimRight(line.String(), " "))
	}
	// Output:
	// loading 100 %
	// ready
}
