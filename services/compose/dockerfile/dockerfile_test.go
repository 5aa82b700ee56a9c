package dockerfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestRefused compares everything that the embedded engine does not build of a Dockerfile, all at
// once.
func TestRefused(t *testing.T) {
	missing := func(image string) error {
		if image == "workshop" {
			return nil
		}
		return errors.New("not here")
	}
	const more = "COPY files that are ready, build FROM workshop, " +
		"name a process with x-workshop in the Compose file, or use a real engine"
	const steps, oneStage = "the embedded engine runs no build steps: " + more, "the embedded engine builds in one stage: " + more
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"fine": {"FROM workshop\nCOPY a /a\nCMD [\"a\"]", nil},
		"stages": {
			"FROM golang:1 AS build\nRUN go build \\\n  ./...\nFROM scratch\nCOPY --from=build /a /a\nUSER me",
			[]string{
				"1 FROM golang:1: not here",
				"2 RUN go build ./...: " + steps,
				"4 FROM: " + oneStage,
				"5 COPY --from: " + oneStage,
				"6 USER me: the embedded engine's containers run as the user who runs it: leave it out",
			},
		},
		"a stage on a stage": {
			"FROM --platform=linux/amd64 workshop AS base\nFROM base", []string{"2 FROM: " + oneStage},
		},
		"the image in a variable":   {"ARG image=python\nFROM $image", nil},
		"here-document":             {"FROM workshop\nRUN <<EOF\nset -e\nmake\nEOF\nCMD [\"a\"]", []string{"2 RUN <<EOF: " + steps}},
		"here-document without end": {"FROM workshop\nRUN cat <<EOF\nCMD [\"a\"]", []string{"2 RUN cat <<EOF: " + steps}},
	} {
		t.Run(name, func(t *testing.T) {
			list, err := Parse(test.text)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range Refused(list, missing) {
				got = append(got, fmt.Sprint(e.Line, " ", e.Message))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(test.want, "\n  "))
			}
		})
	}
}
