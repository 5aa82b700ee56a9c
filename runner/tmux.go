package runner

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"workshop/markdown"
	"workshop/runner/screen"
)

// arrangement is a command of tmux with its arguments.
type arrangement struct {
	command *tmuxCommand
	flags   map[byte]string // with their values
	arg     string
}

// String is the command by its full name.
func (a *arrangement) String() string {
	words := []string{a.command.name}
	for _, f := range []byte(a.command.flags) {
		if value, ok := a.flags[f]; ok {
			words = append(words, strings.TrimSpace("-"+string(f)+" "+value))
		}
	}
	if a.arg != "" {
		words = append(words, a.arg)
	}
	return strings.Join(words, " ")
}

func (a *arrangement) has(flag byte) bool { _, ok := a.flags[flag]; return ok }

// tmuxCommand is one of tmux's commands, see tmux(1), as far as decks need it.
type tmuxCommand struct {
	name    string
	aliases []string
	flags   string // a colon behind each flag with a value
	arg     string // the name of its argument; "" if it has none
	check   func(*arrangement) error
	do      func(*windows, *arrangement) (change, error)
	closes  bool // a pane, whose command is judged before
}

// tmuxCommands are the commands for steps. A beginning of a name must be unambiguous among
// all commands of tmux.
func tmuxCommands() []*tmuxCommand {
	return []*tmuxCommand{
		{name: "split-window", aliases: []string{"splitw", "split-pane", "splitp"}, flags: "bdhvl:p:t:", check: checkSplit, do: splitWindow},
		{name: "select-pane", aliases: []string{"selectp"}, flags: "lUDLRt:", check: checkPane, do: selectPane},
		{name: "last-pane", aliases: []string{"lastp"}, do: lastPane},
		{name: "kill-pane", aliases: []string{"killp"}, flags: "t:", check: checkPane, do: killPane, closes: true},
		{name: "new-window", aliases: []string{"neww"}, flags: "dn:", do: newWindow},
		{name: "select-window", aliases: []string{"selectw"}, flags: "lnpt:", check: checkWindow, do: selectWindow},
		{name: "last-window", aliases: []string{"last"}, do: lastWindow},
		{name: "next-window", aliases: []string{"next"}, do: nextWindow},
		{name: "previous-window", aliases: []string{"prev"}, do: previousWindow},
		{name: "select-layout", aliases: []string{"selectl"}, flags: "np", arg: "layout", check: checkLayout, do: selectLayout},
		{name: "next-layout", aliases: []string{"nextl"}, do: nextLayout},
		{name: "previous-layout", aliases: []string{"prevl"}, do: previousLayout},
	}
}

// otherTmuxCommands are the names of tmux's other commands.
func otherTmuxCommands() []string {
	return strings.Fields(`attach-session bind-key break-pane capture-pane choose-buffer choose-client choose-tree clear-history
		clear-prompt-history clock-mode command-prompt confirm-before copy-mode customize-mode delete-buffer detach-client
		display-menu display-message display-panes display-popup find-window has-session if-shell join-pane kill-server
		kill-session kill-window link-window list-buffers list-clients list-commands list-keys list-panes list-sessions
		list-windows load-buffer lock-client lock-server lock-session move-pane move-window new-session paste-buffer pipe-pane
		refresh-client rename-session rename-window resize-pane resize-window respawn-pane respawn-window rotate-window
		run-shell save-buffer send-keys send-prefix server-access set-buffer set-environment set-hook set-option
		set-window-option show-buffer show-environment show-hooks show-messages show-options show-prompt-history
		show-window-options source-file start-server suspend-client swap-pane swap-window switch-client unbind-key
		unlink-window wait-for`)
}

// parseTmux reads a command with its arguments.
func parseTmux(text string) (*arrangement, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return nil, errors.New("the command is missing")
	}
	command, err := findTmux(words[0])
	if err != nil {
		return nil, err
	}
	a := &arrangement{command: command, flags: map[byte]string{}}
	if err := a.parse(words[1:]); err != nil {
		return nil, fmt.Errorf("%s: %w", command.name, err)
	}
	if command.check != nil {
		if err := command.check(a); err != nil {
			return nil, fmt.Errorf("%s: %w", command.name, err)
		}
	}
	return a, nil
}

// findTmux finds a command by its alias, its name or an unambiguous beginning.
func findTmux(word string) (*tmuxCommand, error) {
	var found []*tmuxCommand
	var names []string
	for _, c := range tmuxCommands() {
		names = append(names, c.name)
		if c.name == word || slices.Contains(c.aliases, word) {
			return c, nil
		}
		if strings.HasPrefix(c.name, word) {
			found = append(found, c)
		}
	}
	candidates := slices.DeleteFunc(otherTmuxCommands(), func(name string) bool { return !strings.HasPrefix(name, word) })
	for _, c := range found {
		candidates = append(candidates, c.name)
	}
	switch {
	case len(candidates) > 1 && !slices.Contains(candidates, word):
		return nil, fmt.Errorf("%q may be %s", word, strings.Join(candidates, " or "))
	case len(found) == 1:
		return found[0], nil
	case len(candidates) > 0:
		return nil, fmt.Errorf("%s has no meaning here; there are %s", candidates[0], strings.Join(names, ", "))
	}
	if near := markdown.Suggest(word, names); near != "" {
		return nil, fmt.Errorf("unknown command %q, did you mean %s?", word, near)
	}
	return nil, fmt.Errorf("unknown command %q; there are %s", word, strings.Join(names, ", "))
}

// parse reads the flags, like getopt(3), and the argument.
func (a *arrangement) parse(words []string) error {
	for len(words) > 0 {
		word := words[0]
		words = words[1:]
		if len(word) < 2 || word[0] != '-' {
			if a.command.arg == "" || a.arg != "" {
				return fmt.Errorf("it does not take %q", word)
			}
			a.arg = word
			continue
		}
		for letters := word[1:]; letters != ""; {
			flag := letters[0]
			letters = letters[1:]
			at := strings.IndexByte(a.command.flags, flag)
			if at < 0 || flag == ':' {
				return fmt.Errorf("it has no flag -%c", flag)
			}
			a.flags[flag] = ""
			if !strings.HasPrefix(a.command.flags[at+1:], ":") {
				continue
			}
			if letters == "" {
				if len(words) == 0 {
					return fmt.Errorf("-%c needs a value", flag)
				}
				letters, words = words[0], words[1:]
			}
			a.flags[flag], letters = letters, ""
		}
	}
	return nil
}

func checkSplit(a *arrangement) error {
	if a.has('h') && a.has('v') {
		return errors.New("either -h or -v")
	}
	if _, err := a.split(); err != nil {
		return err
	}
	return checkPane(a)
}

// split is the division of a pane by split-window.
func (a *arrangement) split() (screen.Split, error) {
	s := screen.Split{Beside: a.has('h'), Before: a.has('b'), Keep: a.has('d')}
	for _, flag := range []byte("lp") {
		value, ok := a.flags[flag]
		if !ok {
			continue
		}
		number, percent := strings.CutSuffix(value, "%")
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || percent && flag == 'p' || (percent || flag == 'p') && n > 100 {
			return s, fmt.Errorf("-%c %s is no size", flag, value)
		}
		if percent || flag == 'p' {
			s.Percent = n
		} else {
			s.Size = n
		}
	}
	return s, nil
}

func checkPane(a *arrangement) error {
	n := 0
	for _, flag := range []byte("UDLRl") {
		if a.has(flag) {
			n++
		}
	}
	if n > 1 {
		return errors.New("one direction at a time")
	}
	target, ok := a.flags['t']
	if ok && n > 0 {
		return errors.New("either -t or a direction")
	}
	if !ok {
		if a.command.name == "select-pane" && n == 0 {
			return errors.New("it needs -t N, -U, -D, -L, -R or -l")
		}
		return nil
	}
	_, err := parsePane(target)
	return err
}

// paneTarget is a pane by its number, or relative to the active one.
type paneTarget struct {
	number int // -1: not by number
	step   int // distance from the active pane
	last   bool
}

// parsePane reads a pane of the window, see tmux(1), COMMANDS: N, .N, :.N, + - ! and their
// long names.
func parsePane(s string) (paneTarget, error) {
	s = strings.TrimPrefix(strings.TrimPrefix(s, ":"), ".")
	switch s {
	case "+", "{next}":
		return paneTarget{number: -1, step: 1}, nil
	case "-", "{previous}":
		return paneTarget{number: -1, step: -1}, nil
	case "!", "{last}":
		return paneTarget{number: -1, last: true}, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return paneTarget{}, fmt.Errorf("%q is no number of a pane", s)
	}
	return paneTarget{number: n}, nil
}

func checkWindow(a *arrangement) error {
	target, ok := a.flags['t']
	if !ok && !a.has('l') && !a.has('n') && !a.has('p') {
		return errors.New("it needs -t N, -l, -n or -p")
	}
	if !ok {
		return nil
	}
	_, err := parseWindow(target)
	return err
}

func parseWindow(s string) (int, error) {
	n, err := strconv.Atoi(strings.TrimPrefix(s, ":"))
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is no number of a window", s)
	}
	return n, nil
}

func checkLayout(a *arrangement) error {
	if a.arg == "" {
		if a.has('n') || a.has('p') {
			return nil
		}
		return fmt.Errorf("it needs a layout: %s", strings.Join(screen.Arrangements(), ", "))
	}
	name, err := findLayout(a.arg)
	a.arg = name
	return err
}

// findLayout finds a layout by its name or an unambiguous beginning.
func findLayout(word string) (string, error) {
	all := screen.Arrangements()
	if slices.Contains(all, word) {
		return word, nil
	}
	var found []string
	for _, name := range all {
		if strings.HasPrefix(name, word) && !strings.HasSuffix(name, "-mirrored") {
			found = append(found, name)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return "", fmt.Errorf("%q may be %s", word, strings.Join(found, " or "))
	}
	return "", fmt.Errorf("unknown layout %q; there are %s", word, strings.Join(all, ", "))
}
