// Package terminal drives an interactive bash on a pseudo-terminal and watches
// what it shows.
//
// # Knowing where a command begins and ends
//
// The shell's prompts carry marks in the manner of OSC 133, with a token that is
// random for each session: C before a command runs (PS0), D with the exit status
// after it and B at the end of the prompt (PS1), 2 at the end of a continuation
// prompt (PS2). B stands inside the prompt, so that the line editor already reads
// when it is seen. A [Session] has one reader, which feeds the [Screen], follows the
// marks and evaluates the one condition that its owner waits for: timers are deadlines.
//
// Two things no mark tells: whether a program that has just started takes keys, and
// whether one that goes on running is a shell at its prompt. For these, and only while
// they are in question, the terminal's mode and proc(5) are looked at, each time after
// twice as long as the time before, up to a limit.
//
// # What is output and what is echo
//
// Everything that the terminal shows belongs to an epoch, and an epoch is a prompt,
// the echo of what was typed, or output. Only output can satisfy [Session.Expect]:
//
//   - in the stream, escape sequences stripped, after the mark; or
//   - on the screen, soft wraps joined, at a place where at least one cell was
//     written after the mark and none belongs to an echo or a prompt.
//
// The mark is set when something is typed, after all that the program had written
// before has been read. Between the prompt and C all is echo; a terminal in
// canonical mode echoes what can be predicted; a line editor of its own (raw mode,
// not on the alternate screen) is taken to echo a text that ends in a Return until the
// first line feed.
package terminal
