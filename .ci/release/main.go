// Release builds the archives of a release, each with the binary, its man pages and completions, and the image:
//
//	make release
//	make image
//
// The version is that of git, and so is the time of the files: the same commit gives the same
// bytes. Beside the archives stand SHA256SUMS and, for each binary, a list of its modules (SBOM, in
// CycloneDX's JSON).
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"workshop/runner/cli"
)

func main() {
	platforms := flag.String("platforms", "linux/amd64,linux/arm64,darwin/amd64,darwin/arm64", "systems and processors, with commas")
	out := flag.String("out", "", "the folder of the archives")
	root := flag.String("root", "../..", "the repository")
	cache := flag.String("cache", "", "build an image instead, and keep Debian's packages in this folder")
	pins := flag.Bool("pins", false, "list the newest Debian packages for images instead")
	processor := flag.String("processor", runtime.GOARCH, "the processor of the image")
	name := flag.String("name", "workshop", "the name of the image")
	deck := flag.String("course", "", "a deck for the folder /course of the image")
	flag.Parse()
	var err error
	switch {
	case *pins:
		err = writePins(filepath.Join(*root, ".ci", "release", "pins-"+runtime.GOARCH))
	case *out == "":
		err = errors.New("-out is missing")
	case *cache != "":
		err = image(options{root: *root, out: *out, cache: *cache, processor: *processor, name: *name, course: *deck})
	default:
		err = release(*root, *out, strings.Split(*platforms, ","))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// A file is a member of an archive.
type file struct {
	name string
	mode int64
	data []byte
}

// commit returns the version that git gives to the last commit, and its time.
func commit(root string) (version string, at time.Time, err error) {
	version, err = git(root, "describe", "--tags", "--always", "--dirty")
	if err != nil {
		return "", at, err
	}
	seconds, err := git(root, "log", "-1", "--format=%ct")
	if err != nil {
		return "", at, err
	}
	epoch, err := strconv.ParseInt(seconds, 10, 64)
	return strings.TrimPrefix(version, "v"), time.Unix(epoch, 0).UTC(), err
}

func release(root, out string, platforms []string) error {
	version, at, err := commit(root)
	if err != nil {
		return err
	}
	common, err := pages(version, at)
	if err != nil {
		return err
	}
	for _, name := range []string{"LICENSE", "README.md", "CHANGELOG.md"} {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		common = append(common, file{name, 0o644, data})
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	var sums strings.Builder
	for _, platform := range platforms {
		system, processor, ok := strings.Cut(platform, "/")
		if !ok {
			return fmt.Errorf("%q is no platform, such as linux/amd64", platform)
		}
		name := fmt.Sprintf("workshop-%s-%s-%s", version, system, processor)
		binary, err := build(root, system, processor)
		if err != nil {
			return fmt.Errorf("%s: %w", platform, err)
		}
		sbom, err := modules(binary, at)
		if err != nil {
			return fmt.Errorf("%s: %w", platform, err)
		}
		packed, err := archive(name, append([]file{{"workshop", 0o755, binary}}, common...), at)
		if err != nil {
			return err
		}
		for _, f := range []file{{name: name + ".tar.gz", data: packed}, {name: name + ".cdx.json", data: sbom}} {
			if err := os.WriteFile(filepath.Join(out, f.name), f.data, 0o644); err != nil {
				return err
			}
			fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(f.data), f.name)
		}
		fmt.Printf("%s.tar.gz: %.1f MB, the binary %.1f MB\n", name, float64(len(packed))/1e6, float64(len(binary))/1e6)
	}
	return os.WriteFile(filepath.Join(out, "SHA256SUMS"), []byte(sums.String()), 0o644)
}

// pages are the man pages and the completions of the command line.
func pages(version string, at time.Time) ([]file, error) {
	var files []file
	add := func(name string, write func(w io.Writer) error) error {
		var b bytes.Buffer
		err := write(&b)
		files = append(files, file{name, 0o644, b.Bytes()})
		return err
	}
	root := cli.Command(cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	root.DisableAutoGenTag = true
	root.InitDefaultCompletionCmd()
	var err error
	var man func(c *cobra.Command)
	man = func(c *cobra.Command) {
		if !c.IsAvailableCommand() && c.HasParent() {
			return
		}
		header := &doc.GenManHeader{
			Title: strings.ToUpper(strings.ReplaceAll(c.CommandPath(), " ", "-")), Section: "1", Date: &at, Source: "workshop " + version,
		}
		name := strings.ReplaceAll(c.CommandPath(), " ", "-") + ".1"
		err = errors.Join(err, add("man/man1/"+name, func(w io.Writer) error { return doc.GenMan(c, header, w) }))
		for _, sub := range c.Commands() {
			man(sub)
		}
	}
	man(root)
	return files, errors.Join(err,
		add("completions/bash/workshop", func(w io.Writer) error { return root.GenBashCompletionV2(w, true) }),
		add("completions/zsh/_workshop", root.GenZshCompletion),
		add("completions/fish/workshop.fish", func(w io.Writer) error { return root.GenFishCompletion(w, true) }))
}

// build returns a static binary.
func build(root, system, processor string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "workshop-release-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "workshop")
	env := append(os.Environ(), "GOOS="+system, "GOARCH="+processor, "CGO_ENABLED=0")
	if _, err := run(root, env, "go", "build", "-buildvcs=true", "-trimpath", "-ldflags", "-s -w", "-o", name, "."); err != nil {
		return nil, err
	}
	return os.ReadFile(name)
}

// modules returns the list of the modules in a binary.
func modules(binary []byte, at time.Time) ([]byte, error) {
	dir, err := os.MkdirTemp("", "workshop-release-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "workshop")
	if err := os.WriteFile(name, binary, 0o755); err != nil {
		return nil, err
	}
	list, err := run("", os.Environ(), "go", "tool", "cyclonedx-gomod", "bin", "-json", "-noserial", "-std", name)
	if err != nil {
		return nil, err
	}
	return dated(list, at)
}

// dated gives a list of modules the time of the commit in place of the present.
func dated(list []byte, at time.Time) ([]byte, error) {
	var doc map[string]json.RawMessage
	if err := json.Unmarshal(list, &doc); err != nil {
		return nil, err
	}
	var metadata map[string]json.RawMessage
	if err := json.Unmarshal(doc["metadata"], &metadata); err != nil {
		return nil, err
	}
	metadata["timestamp"] = json.RawMessage(strconv.Quote(at.Format(time.RFC3339)))
	var err error
	if doc["metadata"], err = json.Marshal(metadata); err != nil {
		return nil, err
	}
	return json.MarshalIndent(doc, "", "  ")
}

// archive packs files below a folder of its name.
func archive(name string, files []file, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	if err := packFiles(&b, name, files, at); err != nil {
		return nil, err
	}
	return compressed(b.Bytes())
}

func git(root string, args ...string) (string, error) {
	out, err := run(root, os.Environ(), "git", args...)
	return strings.TrimSpace(string(out)), err
}

func run(dir string, env []string, name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, env
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, said.Bytes())
	}
	return out, nil
}
