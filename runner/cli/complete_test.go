package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestCompletion looks for flags whose values a shell would complete with names of files, although
// they are none.
func TestCompletion(t *testing.T) {
	flags := 0
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Value.Type() == "bool" {
				return
			}
			flags++
			_, completed := cmd.GetFlagCompletionFunc(f.Name)
			if value, _ := pflag.UnquoteUsage(f); !completed && len(f.Annotations) == 0 && value != "FILE" {
				t.Errorf("%s --%s %s: no completion (completeNothing says that the value is free text)", cmd.CommandPath(), f.Name, value)
			}
		})
		for _, c := range cmd.Commands() {
			walk(c)
		}
	}
	walk(newRoot(Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
	if flags == 0 {
		t.Error("no flags")
	}
}

// TestCompletions asks for completions as a shell does.
func TestCompletions(t *testing.T) {
	t.Setenv("COURSE_TOKEN", "value")
	for _, test := range []struct{ typed, want, not string }{
		{"check --secret COURSE", "COURSE_TOKEN\n", "value"},
		{"check --env COURSE", "COURSE_TOKEN\n", "value"},
		{"check --report ", "html=\n", ""},
		{"check --report html=", ":0\n", "junit"},
		{"check --isolation ", "guardian\ngroup\n:4\n", ""},
		{"check --wait ", ":4\n", ""},
		{"check --record ", ":16\n", ""},
		{"present --verdicts ", "jsonl\n:8\n", ""},
	} {
		root := newRoot(Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
		var out, said bytes.Buffer
		root.SetOut(&out)
		root.SetErr(&said)
		root.SetArgs(append([]string{cobra.ShellCompNoDescRequestCmd}, strings.Split(test.typed, " ")...))
		if err := root.Execute(); err != nil {
			t.Error(err)
		}
		if text := out.String(); !strings.Contains(text, test.want) || test.not != "" && strings.Contains(text, test.not) {
			t.Errorf("%s: %q, want %q and not %q", test.typed, text, test.want, test.not)
		}
	}
}
