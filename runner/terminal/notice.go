package terminal

import (
	"strings"

	"workshop/markdown/lazy"
)

// notice matches an interactive bash's notice of a job (jobs.c: print_job), up to the command
// that it quotes.
var notice = lazy.Regexp(`^\[\d+\][-+]? +(?:Running|Done(?:\(\d+\))?|Stopped(?:\([^)]*\)| \([^)]*\))?|Exit \d+|` +
	`Terminated|Killed|Interrupt|Hangup|Quit|Aborted|Segmentation fault)(?: +\(core dumped\))? {2,}`)

// jobLimit is the least size of the remembered commands that may become jobs, in bytes.
const jobLimit = 64 << 10

// jobs are the typed commands that may become jobs, in the form of bash's notices without
// blanks and semicolons, a line each.
type jobs struct {
	typed   []byte
	listing bool // the last line lists jobs itself: its list is output
}

// add adds a typed line.
func (j *jobs) add(line string) {
	j.listing = lists().MatchString(line)
	j.typed = append(append(j.typed, plain(line)...), '\n')
	if len(j.typed) > 2*jobLimit { // not for each line
		j.typed = append(j.typed[:0], j.typed[len(j.typed)-jobLimit:]...)
	}
}

// lists finds the builtins that print jobs.
var lists = lazy.Regexp(`(^|[;&|({]|\s)(jobs|fg|bg)\b`)

var dropped = strings.NewReplacer(" ", "", "\t", "", "\n", "", ";", "")

func plain(command string) string { return dropped.Replace(command) }

// quoted reports whether a match in a line lies in part in the command that a notice of bash
// quotes: that command is an echo of a typed line, the rest of the notice is output.
func (o *output) quoted(line []byte, end int) bool {
	if len(line) == 0 || line[0] != '[' || o.jobs.listing {
		return false
	}
	loc := notice().FindIndex(line)
	if loc == nil || end <= loc[1] {
		return false
	}
	command := strings.TrimRight(string(line[loc[1]:]), " ")
	if i := strings.LastIndex(command, "  (wd: "); i >= 0 {
		command = command[:i]
	}
	command = plain(strings.TrimSuffix(strings.TrimRight(command, " "), " &"))
	if command == "" {
		return false
	}
	for typed := range strings.Lines(string(o.jobs.typed)) {
		typed = strings.TrimSuffix(typed, "\n")
		if typed == command || strings.Contains(typed, command+"&") || strings.Contains(typed, "&"+command) {
			return true
		}
	}
	return false
}
