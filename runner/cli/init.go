package cli

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// starter holds the deck that init writes, and the files for CI systems.
//
//go:embed starter
var starter embed.FS

// ciFiles is the path in a repository where each CI system looks for its file.
var ciFiles = map[string]string{
	"bazel":         "BUILD.bazel",
	"github":        ".github/workflows/workshop.yml",
	"github-shards": ".github/workflows/workshop-shards.yml",
	"gitlab":        ".gitlab-ci.yml",
	"gitlab-shards": ".gitlab-ci.yml",
	"kubernetes":    "workshop-job.yml",
	"slurm":         "workshop.sbatch",
}

func newInit(streams Streams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "init [DIR]",
		Short: "Begin a deck: a small one that passes, with comments that teach",
		Long: `Writes a small deck to DIR (default: slides, where the other commands look): a
manifest, two chapters with hidden directives, a directory to work in. It passes at
once; change it from there. Nothing that exists is overwritten without --force.
With --ci a DIR that holds something gets the workflow only. For kubernetes this is a Job
with a pod for each shard (check --shard auto), for slurm an array, for bazel a sh_test.`,
		GroupID: "deck",
		Args:    cobra.MaximumNArgs(1),
	}
	systems := slices.Sorted(maps.Keys(ciFiles))
	ci := cmd.Flags().String("ci", "", "also write a workflow for a CI `SYSTEM`: "+strings.Join(systems, ", "))
	force := cmd.Flags().Bool("force", false, "overwrite the files that exist")
	if err := cmd.RegisterFlagCompletionFunc("ci", cobra.FixedCompletions(systems, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag is defined above
	}
	cmd.ValidArgsFunction = func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		dir := "slides"
		if len(args) > 0 {
			dir = args[0]
		}
		files, err := starterFiles(dir)
		if err != nil {
			return err
		}
		if *ci != "" {
			f, err := workflow(*ci, dir)
			if err != nil {
				return err
			}
			if there, err := os.ReadDir(dir); err == nil && len(there) > 0 && !*force {
				files = nil // a deck that exists gets the workflow only
			}
			files = append(files, f)
		}
		if err := writeNew(files, *force); err != nil {
			return err
		}
		for _, f := range files {
			fmt.Fprintln(streams.Out, f.name)
		}
		shown := shellWord(dir)
		fmt.Fprintf(streams.Out, "\nNext:\n  workshop check %s    verify it, as in CI\n"+
			"  workshop run %s      watch it run\n", shown, shown)
		switch *ci {
		case "":
		case "bazel":
			fmt.Fprintf(streams.Out, "\nPut the binary of workshop beside %s.\n", files[len(files)-1].name)
		case "slurm":
			fmt.Fprintf(streams.Out, "\nThe nodes need workshop in their PATH, and the deck. %s says how the logs merge.\n",
				files[len(files)-1].name)
		case "kubernetes":
			fmt.Fprintf(streams.Out, "\nSet the image in %s: one with workshop, the deck, and the programs that it uses.\n",
				files[len(files)-1].name)
		default:
			fmt.Fprintf(streams.Out, "\nSet WORKSHOP_REPOSITORY in %s: CI builds workshop from there.\n", files[len(files)-1].name)
			if revision() == "" {
				fmt.Fprintln(streams.Out, "Set WORKSHOP_COMMIT as well: this binary does not know its own.")
			}
		}
		return nil
	}
	return cmd
}

// newFile is a file to be written. Its name is shown to the user.
type newFile struct {
	name string
	data []byte
}

// starterFiles returns the files of the deck, below dir.
func starterFiles(dir string) ([]newFile, error) {
	var files []newFile
	const top = "starter/deck"
	err := fs.WalkDir(starter, top, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(starter, name)
		files = append(files, newFile{filepath.Join(dir, filepath.FromSlash(strings.TrimPrefix(name, top+"/"))), data})
		return err
	})
	return files, err
}

// workflow returns the file for a CI system that checks the deck in dir. Its path is relative to
// the top of the repository, or to the working directory if there is no repository yet.
func workflow(system, dir string) (newFile, error) {
	place, ok := ciFiles[system]
	if !ok {
		return newFile{}, fmt.Errorf("--ci: there is no file for %q, only for %s", system, strings.Join(slices.Sorted(maps.Keys(ciFiles)), ", "))
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return newFile{}, err
	}
	wd, err := os.Getwd()
	if err != nil {
		return newFile{}, err
	}
	top := repository(abs)
	if top == abs && filepath.IsLocal(dir) {
		top = wd
	}
	deck, err := filepath.Rel(top, abs)
	if err != nil {
		return newFile{}, err
	}
	deck = filepath.ToSlash(deck)
	if system == "bazel" && strings.Trim(deck, plain) != "" {
		return newFile{}, fmt.Errorf("--ci bazel: %q: the path of the deck can hold only letters, digits and -_./", deck)
	}
	data, err := fs.ReadFile(starter, path.Join("starter/ci", system+path.Ext(place)))
	if err != nil {
		return newFile{}, err
	}
	word := yamlWord(deck)
	text := strings.Replace(string(data), "DECK: slides\n", "DECK: "+word+"\n", 1)
	text = strings.Replace(text, "value: slides\n", "value: "+word+"\n", 1) // of the variable DECK
	text = strings.Replace(text, "DECK=slides\n", "DECK="+shellWord(deck)+"\n", 1)
	text = strings.Replace(text, "DECK = \"slides\"\n", "DECK = \""+deck+"\"\n", 1)
	if commit := revision(); commit != "" {
		text = strings.Replace(text, "WORKSHOP_COMMIT: COMMIT\n", "WORKSHOP_COMMIT: "+yamlWord(commit)+"\n", 1)
	}
	name := filepath.Join(top, filepath.FromSlash(place))
	if rel, err := filepath.Rel(wd, name); err == nil && !filepath.IsAbs(dir) {
		name = rel
	}
	return newFile{name, []byte(text)}, nil
}

// revision is the commit that this binary was built of; "" if it is unknown.
func revision() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}

// writeNew writes all the files or none. It fails if one of them exists, unless force is set.
func writeNew(files []newFile, force bool) (err error) {
	var exist []string
	for _, f := range files {
		if _, err := os.Lstat(f.name); err == nil {
			exist = append(exist, f.name)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if len(exist) > 0 && !force {
		return fmt.Errorf("nothing was written: these files exist already (--force overwrites them):\n  %s", strings.Join(exist, "\n  "))
	}
	var written []string
	defer func() {
		if err != nil {
			for _, name := range written {
				err = errors.Join(err, os.Remove(name))
			}
		}
	}()
	for _, f := range files {
		if err := os.MkdirAll(filepath.Dir(f.name), 0o777); err != nil {
			return err
		}
		if slices.Contains(exist, f.name) {
			if err := os.WriteFile(f.name, f.data, 0o666); err != nil {
				return err
			}
			continue
		}
		// O_EXCL: do not overwrite a file that was created since the check above.
		w, err := os.OpenFile(f.name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err != nil {
			return err
		}
		written = append(written, f.name)
		_, err = w.Write(f.data)
		if err = errors.Join(err, w.Close()); err != nil {
			return err
		}
	}
	return nil
}

// plain are the characters that are special neither in a shell nor in YAML.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./"

// shellWord quotes a word for a shell if necessary.
func shellWord(s string) string {
	if strings.Trim(s, plain) == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// yamlWord quotes a scalar for YAML if necessary.
func yamlWord(s string) string {
	if strings.Trim(s, plain) == "" && strings.Trim(s, ".-0123456789") != "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}
