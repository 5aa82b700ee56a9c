package compose_test

import (
	"regexp"
	"slices"
	"strings"

	"workshop/services/compose"
)

// rule is one permitted difference between two runs of the same command, with the reason. Output is
// changed nowhere else before it is compared.
type rule struct {
	look    compose.Look // 0: both
	command string       // the beginning of the command; "" is any
	pattern string
	replace string
	reason  string
}

var normal = []rule{
	{0, "", `\b[0-9a-f]{63,64}\b`, "ID", "ids are random; docker-compose strips the zeros of some"},
	{0, "", `\d+\.\d+\.\d+\.\d+ - - \[[^]]*\]`, "IP - - [TIME]", "addresses of containers, and times"},
	{0, "", `\b200 64 0\.\d+`, "200 64 SECONDS", "how long a request took"},
	{0, "", `\d{4}-\d\d-\d\dT[\d:.]+Z`, "TIME", "times"},
	{0, "", `INFO:__main__:(Coin found: \w+\.\.\.|\d+ units of work done, updating hash counter)`, "WORK", "coins are found by chance"},
	{0, "", ` +\.\.\.`, " ...", "the column depends on the earlier announcements, whose order varies"},
	{0, "up", `\([0-9a-f]+\)|\(ID\)`, "(ID)", "ids of endpoints"},
	{0, "down", `\([0-9a-f]+\)|\(ID\)`, "(ID)", "ids of endpoints"},
	{0, "top", `-+`, "-", "columns are as wide as the numbers of processes"},
	{0, "top", ` +`, " ", "columns are as wide as the numbers of processes"},
	{0, "top", `\d+ \d+ \d+ \d\d:\d\d`, "PID PPID C TIME", "numbers of processes, and times"},
	{compose.V5, "", `(\d+|About an?|Less than a) (second|minute)s?( ago)?`, "DURATION$3", "durations"},
	{compose.V5, "", ` +`, " ", "columns are as wide as the durations"},
	{compose.V5, "", ` $`, "", "columns are as wide as the durations"},
	{compose.V1, "version", `(?s)\A([^\n]*).*`, "$1", "the libraries of the original are not ours"},
	{compose.V1, "config", `\n\n\z`, "\n", "the original was made with one line end more"},
}

// unordered are the commands that report parallel operations: the order of their lines varies.
var unordered = []string{"up", "down", "logs"}

// compiled are the patterns of normal.
var compiled = func() (all []*regexp.Regexp) {
	for _, r := range normal {
		all = append(all, regexp.MustCompile("(?m)"+r.pattern))
	}
	return all
}()

// normalize replaces the parts of a command's output that differ from run to run.
func normalize(look compose.Look, command, text string) string {
	for i, r := range normal {
		if (r.look == 0 || r.look == look) && strings.HasPrefix(command, r.command) {
			text = compiled[i].ReplaceAllString(text, r.replace)
		}
	}
	if slices.ContainsFunc(unordered, func(name string) bool { return strings.HasPrefix(command, name) }) {
		text = sortedNames(inOrder(text))
		if look == compose.V5 { // the original reports a network twice, which is of no use
			text = strings.Join(slices.Compact(strings.Split(text, "\n")), "\n")
		}
	}
	return text
}
