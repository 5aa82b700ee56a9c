// Package report writes what happens in a run, in each format that there is. All of
// them read the same events and the same result; a new one is a file and a line in
// the table of formats.
//
// Nothing that a program of the run printed reaches a report as it is. Escape
// sequences are gone or visible, control characters and bidirectional overrides are
// written as in Go (\x1b, \u202e), and lines that a CI service would obey in its log
// ("::error::", "##[error]", "##vso[…]") get a backslash or an escape of the format.
//
// # JSON lines
//
// The format jsonl is an object a line for each event. Every line has
//
//	v         version of the format, 1
//	run       id of the run; the shards of one run share it
//	seq       number of the line, from 1
//	time      RFC 3339, UTC
//	kind      run-started, note, session-started, exercise-started, step-started,
//	          output, resized, step-finished, exercise-finished, session-finished,
//	          run-finished, opened
//
// and, where it applies,
//
//	deck, session, exercise        names and id of what lasts
//	setup                          true: the exercise runs for the sake of another one
//	step                           number of the step in its exercise, from 1
//	plan                           (run-started) decks, sessions and the exercises that
//	                               will be reported
//	cols, rows                     (session-started, resized) size of the terminal
//	directive, input, hidden, pos  (step-started) what is done, and where it stands
//	text                           (output) what the terminal shows: no escape sequences,
//	                               no soft wraps, \n for a new line, \r for any other
//	                               movement of the cursor
//	note                           (opened) the URL of a page
//	note                           (note) a remark: isolation in force, a stand-in used
//	verdict                        passed, skipped, failed, broken, interrupted
//	seconds                        duration
//	omitted                        (step-finished) bytes of text beyond the 64 KiB that
//	                               are kept of a step
//	failure                        pos, message, hint, command, want, nearest, status,
//	                               screen, tail, diff
//	counts                         (run-finished) the number of exercises by verdict
//
// A pos is file, line and col, the latter two from 1. A report without a run-finished
// line was cut short. What is not UTF-8 has U+FFFD in place of each bad byte; control
// characters are escaped, also those that JSON would allow as they are.
package report
