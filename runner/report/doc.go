// Package report writes the events of a run, in several formats. All of them read the same
// events and the same result. A new format is a file and a line in the table of formats.
//
// The output of programs is made harmless in every report. Escape sequences are removed or
// made visible. Control characters and bidirectional overrides are written as in Go (\x1b,
// \u202e). Lines that are commands in the log of a CI service ("::error::", "##[error]",
// "##vso[…]") get a backslash or an escape of the format.
//
// # JSON lines
//
// The format jsonl is one object per line for each event. Every line has
//
//	v         version of the format, 1
//	run       id of the run; the shards of one run share it
//	part      of a shard: its attempt that wrote the line
//	seq       number of the line, from 1
//	time      RFC 3339, UTC
//	kind      run-started, note, problem, session-started, exercise-started, step-started,
//	          output, resized, opened, step-finished, exercise-finished, exercise-corrected,
//	          exercise-retried (the verdict of all attempts, if it is not that of the last one),
//	          session-finished, run-finished
//
// and, depending on the kind,
//
//	deck, session, exercise        names of the current deck and session, id of the exercise
//	setup                          true: the exercise runs because another one needs it
//	step                           number of the step in its exercise, from 1
//	plan                           (run-started) decks, sessions and the exercises that
//	                               will be reported, with the mistakes for which some do not run
//	shard                          (run-started) of a shard: its index, from 1, the total, a
//	                               digest of the division, the whole plan with the shard of
//	                               each session, and the options allow_flaky and strict
//	jobs                           (run-started) sessions that run side by side: the records of
//	                               a session come behind those of the sessions before it
//	slide                          (exercise-started) number and Markdown of the slide, with
//	                               the slides whose increment it is
//	steps                          (exercise-started) the steps: directive, kind of its
//	                               effect, input, expects (the condition in words), pos
//	cols, rows                     (session-started, resized) size of the terminal
//	number, attempt                (session-started) place of the session in the plan, and
//	                               number of the attempt, each from 1. Another attempt
//	                               reports all exercises of the session again
//	repeat                         (run-started) the number of attempts of each session, if
//	                               it is fixed
//	directive, input, hidden, pos  (step-started) the step and its position
//	text                           (output) new text on the terminal: no escape sequences,
//	                               no soft wraps, \n for a new line, \r for any other
//	                               movement of the cursor
//	draw                           (output) bytes that bring another terminal, of the size of
//	                               this one, to its present state: text, looks and movements
//	                               of the cursor only. It is exact at the beginning and the
//	                               end of each step. Changes within 40 ms are drawn at once,
//	                               and after 64 KiB in a step at longer and longer intervals
//	note                           (opened) the URL of a page
//	note                           (exercise-retried) the verdicts of the attempts
//	note                           (note) a remark: isolation in force, a stand-in used
//	verdict                        passed, skipped, quarantined, inconclusive, flaky, blocked,
//	                               failed, broken, interrupted; of a run that has not begun
//	                               invalid
//	accepted                       (run-finished) true: the verdict is not passed, and yet
//	                               does not fail the run
//	empty                          (run-finished) true: the run has not begun, as nothing is
//	                               selected or left to run
//	seconds                        duration
//	output                         (step-finished) the last 4 KiB of the output, without
//	                               prompts and echoes
//	omitted                        (step-finished) bytes of text after the first 64 KiB of
//	                               a step, which are not reported
//	frames                         (step-finished) changes of the screen after the first 64
//	                               KiB that were not drawn by themselves
//	failure                        pos, message, hint, command, want, nearest, status,
//	                               screen, tail, diff, blocked_by (the exercise that blocks
//	                               this one); of a problem: the reason why the run has not
//	                               begun
//	counts                         (run-finished) the number of exercises by verdict
//	repeats                        (run-finished) of a run with repeat, for each exercise: its
//	                               attempts by verdict, the failed ones of those that were
//	                               decided, and the bounds of that share at 95 %
//
// On standard output a shard packs the records of output, and those of lines over 8 KiB: a line
// of the kind packed, without seq and time, holds in data a piece of a block, which is several
// records as lines, compressed by deflate, in base64. A block consists of pieces 1 to pieces.
//
// A pos is file, line and col, the latter two from 1. A report without a run-finished line
// was cut short. The lines hold everything that the other reports show: [Read] makes them of
// the lines, also of a file that was cut off at any byte. U+FFFD replaces each byte that is not
// UTF-8. Control characters are escaped, even if JSON does not require it.
package report
