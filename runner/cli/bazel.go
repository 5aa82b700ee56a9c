package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// bazel is the protocol by which Bazel starts a test and reads what came of it: variables, most of
// them with the names of files (https://bazel.build/reference/test-encyclopedia).
type bazel struct{ getenv func(string) string }

// begin follows the variables before a check, and returns a function for its end. A variable that is
// not set asks for nothing.
func (b bazel) begin(j *job, cmd *cobra.Command) (end func(code int) error, err error) {
	if !bazelEngine.present(b.getenv) && b.getenv("TEST_SRCDIR") == "" { // names that only Bazel uses together
		return func(int) error { return nil }, nil
	}
	if dir := b.getenv("TEST_TMPDIR"); dir != "" {
		if err := os.Setenv("TMPDIR", dir); err != nil {
			return nil, err
		}
	}
	if err := b.only(cmd); err != nil {
		return nil, err
	}
	if file := b.getenv("XML_OUTPUT_FILE"); file != "" && !slices.ContainsFunc(j.reports, to(file)) {
		j.reports = append(j.reports, "junit="+file)
	}
	if dir := b.getenv("TEST_UNDECLARED_OUTPUTS_DIR"); dir != "" {
		for format, name := range map[string]string{"html": "report.html", "jsonl": "run.jsonl"} {
			j.reports = append(j.reports, format+"="+filepath.Join(dir, name))
		}
	}
	early := b.getenv("TEST_PREMATURE_EXIT_FILE")
	for _, name := range []string{b.getenv("TEST_SHARD_STATUS_FILE"), early} {
		if err := touch(name); err != nil {
			return nil, &codeError{exitBroken, err}
		}
	}
	return func(code int) error {
		var errs []error
		if early != "" {
			errs = append(errs, os.Remove(early))
		}
		if code == exitBroken {
			errs = append(errs, touch(b.getenv("TEST_INFRASTRUCTURE_FAILURE_FILE")))
		}
		return errors.Join(errs...)
	}, nil
}

// only makes --test_filter a selection: the ids of exercises, or the names of chapters, with : between
// them.
func (b bazel) only(cmd *cobra.Command) error {
	for name := range strings.SplitSeq(b.getenv("TESTBRIDGE_TEST_ONLY"), ":") {
		flag := "chapter"
		if strings.Contains(name, "/") {
			flag = "exercise"
		}
		if name == "" {
			continue
		}
		if err := cmd.Flags().Set(flag, name); err != nil {
			return fmt.Errorf("--test_filter: %w", err)
		}
	}
	return nil
}

// to reports whether a --report is written to a file.
func to(file string) func(spec string) bool {
	return func(spec string) bool { return strings.HasSuffix(spec, "="+file) }
}

// touch makes an empty file if there is none. Without a name nothing is done.
func touch(name string) error {
	if name == "" {
		return nil
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	return f.Close()
}
