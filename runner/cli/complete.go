package cli

import (
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"workshop/markdown"
)

// completeWords sets the completions of a flag's values.
func completeWords(cmd *cobra.Command, flag string, words ...string) {
	err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // the flag is defined by the caller
	}
}

// completeNothing says that the values of flags are free text: a shell offers no file names for them.
func completeNothing(cmd *cobra.Command, flags ...string) {
	for _, flag := range flags {
		completeWords(cmd, flag)
	}
}

// completeVariables completes a flag's value with the names of the environment's variables.
func completeVariables(cmd *cobra.Command, flag string) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var names []string
		for _, kv := range os.Environ() {
			name, _, _ := strings.Cut(kv, "=")
			names = append(names, name)
		}
		slices.Sort(names)
		return names, cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // the flag is defined by the caller
	}
}

// completeFormats completes FORMAT=FILE.
func completeFormats(cmd *cobra.Command, flag string, formats []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		if strings.Contains(typed, "=") {
			return nil, cobra.ShellCompDirectiveDefault // the shell completes the file
		}
		var words []string
		for _, f := range formats {
			words = append(words, f+"=")
		}
		return words, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	})
	if err != nil {
		panic(err) // the flag is defined by the caller
	}
}

// completeDeck completes a flag's value with names from the decks on the command line.
func completeDeck(cmd *cobra.Command, flag string, d *dialect, pick func(*markdown.Deck) []string) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		sources, _ := openDecks(args, d.root, markdown.Options{Style: d.style})
		var names []string
		for _, src := range sources {
			if src != nil && src.deck != nil {
				names = append(names, pick(src.deck)...)
			}
		}
		return names, cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // the flag is defined by the caller
	}
}

// completeFiles completes a flag's value with the names of files of some kinds.
func completeFiles(cmd *cobra.Command, flag string, kinds ...string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(kinds, cobra.ShellCompDirectiveFilterFileExt)); err != nil {
		panic(err) // the flag is defined by the caller
	}
}

// completeFolders completes a flag's value with the names of folders.
func completeFolders(cmd *cobra.Command, flag string) {
	if err := cmd.MarkFlagDirname(flag); err != nil {
		panic(err) // the flag is defined by the caller
	}
}
