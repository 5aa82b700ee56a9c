package compose

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// command is a subcommand. Their table is in commands.go.
type command struct {
	name    string
	looks   []Look // nil means all
	usage   string // the operands
	summary string
	about   string // further lines of the help
	flags   []flag
	needs   need
	silent  bool // does not repeat warnings about the file
	min     int  // number of operands
	max     int  // -1: any number
	// passthrough means that options after the first operand belong to the command in the
	// container.
	passthrough bool
	run         func(ctx context.Context, s *session, opts options) error
}

// need is the state that a command needs before it can run.
type need int

const (
	engine  need = iota // a project and an engine
	project             // a project
	nothing
)

// flag is an option of a command. Its name is the long one, or the short one if there is no long
// one.
type flag struct {
	short, long string
	arg         string // the name of its argument; "" if it takes none
	help        string
	looks       []Look // nil means all
}

func (f flag) name() string {
	if f.long != "" {
		return f.long
	}
	return f.short
}

func in(looks []Look, look Look) bool { return looks == nil || slices.Contains(looks, look) }

func find(look Look, name string) *command {
	for _, c := range commands() {
		if c.name == name && in(c.looks, look) {
			return &c
		}
	}
	return nil
}

// options are the parsed options of a command, with its operands.
type options struct {
	flags map[string][]string
	args  []string
}

func (o options) has(name string) bool { return len(o.flags[name]) > 0 }

func (o options) values(name string) []string { return o.flags[name] }

// value returns the last value of an option, or fallback if it is not given.
func (o options) value(name, fallback string) string {
	if v := o.flags[name]; len(v) > 0 {
		return v[len(v)-1]
	}
	return fallback
}

func (o options) set(name, value string) { o.flags[name] = append(o.flags[name], value) }

// usageError means that the command line is not valid.
type usageError struct {
	command *command
	unknown string // a command that does not exist
	message string
}

func (e *usageError) Error() string {
	if e.unknown != "" {
		return "no such command: " + e.unknown
	}
	return e.message
}

// parse splits arguments into options and operands. Options may follow operands if interspersed is
// set. In V1 a long option may be shortened, as in docopt.
func parse(flags []flag, look Look, args []string, interspersed bool) (options, []string, error) {
	opts := options{flags: map[string][]string{}}
	flags = append([]flag{{short: "h", long: "help"}}, flags...)
	var operands []string
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case arg == "--":
			return opts, append(operands, args...), nil
		case strings.HasPrefix(arg, "--"):
			name, value, given := strings.Cut(arg[2:], "=")
			f, err := long(flags, look, name)
			if err != nil {
				return opts, nil, err
			}
			if args, err = setFlag(opts, f, "--"+name, value, given, args); err != nil {
				return opts, nil, err
			}
		case len(arg) > 1 && arg[0] == '-':
			for rest := arg[1:]; rest != ""; {
				i := slices.IndexFunc(flags, func(f flag) bool { return f.short == rest[:1] && in(f.looks, look) })
				if i < 0 {
					return opts, nil, fmt.Errorf("unknown shorthand flag: '%s' in %s", rest[:1], arg)
				}
				f, name := flags[i], "-"+rest[:1]
				rest = rest[1:]
				if f.arg == "" {
					opts.set(f.name(), "")
					continue
				}
				var err error
				if args, err = setFlag(opts, f, name, strings.TrimPrefix(rest, "="), rest != "", args); err != nil {
					return opts, nil, err
				}
				rest = ""
			}
		case interspersed:
			operands = append(operands, arg)
		default:
			return opts, append([]string{arg}, args...), nil
		}
	}
	return opts, operands, nil
}

func long(flags []flag, look Look, name string) (flag, error) {
	var found []flag
	for _, f := range flags {
		if f.long == "" || !in(f.looks, look) {
			continue
		}
		if f.long == name {
			return f, nil
		}
		if look == V1 && strings.HasPrefix(f.long, name) {
			found = append(found, f)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	return flag{}, fmt.Errorf("unknown flag: --%s", name)
}

// setFlag stores an option with its value, which may be the next argument.
func setFlag(opts options, f flag, spelled, value string, given bool, args []string) ([]string, error) {
	switch {
	case f.arg == "" && given && value != "true" && value != "false":
		return nil, fmt.Errorf("invalid argument %q for %q flag: it takes none", value, spelled)
	case f.arg == "" && value == "false":
		return args, nil
	case f.arg != "" && !given && len(args) == 0:
		return nil, fmt.Errorf("flag needs an argument: %s", spelled)
	case f.arg != "" && !given:
		value, args = args[0], args[1:]
	}
	opts.set(f.name(), value)
	return args, nil
}

// helpWidth is the width of help texts, in cells.
const helpWidth = 80

// flagLines returns the help lines of a look's options: the spelling and the help, wrapped to the
// width and indented.
func flagLines(flags []flag, look Look, spell func(flag) string, indent int) string {
	column := 0
	for _, f := range flags {
		if in(f.looks, look) {
			column = max(column, len(spell(f)))
		}
	}
	var b strings.Builder
	for _, f := range flags {
		if !in(f.looks, look) {
			continue
		}
		for i, line := range wrap(f.help, helpWidth-indent-column-2) {
			left := spell(f)
			if i > 0 {
				left = ""
			}
			fmt.Fprintf(&b, "%*s%-*s  %s\n", indent, "", column, left, line)
		}
	}
	return b.String()
}
