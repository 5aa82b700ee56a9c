// Package terminal drives an interactive bash on a pseudo-terminal and watches its
// output.
//
// [Start] starts a [Session]. [Session.SubmitSnippet] types commands at the prompt, and
// [Session.AwaitPrompt] returns the status of the last one; [Session.Press] types keys to a
// program, and [Session.Expect] waits for a text in its output.
//
// # The beginning and the end of a command
//
// The shell's prompts carry marks in the manner of OSC 133, with a token that is
// random for each session: C before a command runs (PS0), D with the exit status
// after it and B at the end of the prompt (PS1), 2 at the end of a continuation
// prompt (PS2). B stands inside the prompt, so that the line editor already reads
// when B arrives. A [Session] has one reader, which feeds the prompt and evaluates the
// one condition that its owner waits for: timers are deadlines. The prompt is a state
// machine without a process and a clock: bytes with marks, lines, keys and interrupts
// come in; the state, the status and the class of each text come out. It asks for the
// foreground, the mode of the terminal and command lines, and types on a keyboard, so
// that a test can play them all.
//
// Two facts have no mark: whether a program that has just started takes keys, and
// whether one that goes on running is a shell at its prompt. For these, and only while
// they are in question, the session reads the terminal's mode and proc(5), each time
// after twice as long as the time before, up to a limit.
//
// # Output and echo
//
// Every text on the terminal belongs to an epoch, and an epoch is a prompt, the echo of
// typed text, or output. Only output can satisfy [Session.Expect]:
//
//   - in the stream, escape sequences stripped, after the mark; or
//   - on the screen, soft wraps joined, at a place where at least one cell was
//     written after the mark and none belongs to an echo or a prompt.
//
// Typing sets the mark, after the program's earlier output has been read. Between the
// prompt and C all text is echo; the echo of a terminal in canonical mode is predictable;
// a program with a line editor of its own (raw mode, not on the alternate screen) is
// assumed to echo a text that ends in a Return until the first line feed.
package terminal
