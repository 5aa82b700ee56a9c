// Package runner runs decks: it compiles decks into a plan, types the plan into
// shells, emits events and gives verdicts.
//
// # From a deck to a result
//
// [Compile] turns decks that package markdown has read into a [Plan]: every byte that will
// be typed and every condition. All mistakes of the steps are found here, before anything
// runs. [Plan.Select] takes a part of a plan. [Run] carries a plan out: each [Session] of
// the plan gets a folder, a sandbox, perhaps a [Stack], and a bash on a terminal of its own.
// The outcome is a [Result]. [Options.Event] gets the events of the run, in order.
//
// [Open] begins a [Live] session instead: a person runs its steps one at a time, and may type
// into its shell.
//
// # Verdicts
//
// An exercise is [Passed] when all of its steps are. It is [Failed] when the exercise is
// wrong, and [Broken] when the environment is. A [Failure] holds the reason, the place in the
// deck, and the screen. An exercise fails at its first step that does not pass, and its
// other steps are [Skipped]; the next exercise begins at a prompt.
//
// A command may go on running when its exercise is over. If it fails then, the exercise has
// failed after all: an [ExerciseCorrected] event reports it.
//
// A session can run again, see [Options]: an exercise that fails in one attempt and passes in another
// is [Flaky]. A measurement that could not decide is [Inconclusive], and an exercise that may fail
// for some time is [Quarantined].
//
// # Programs that run plans
//
// A program that runs plans calls sandbox.Main first in its main function, see
// [workshop/runner/sandbox]: the processes of a session belong to a supervisor, which is the
// same program started again. A test does the same in its TestMain.
//
// The directives are fixed: [Directives] describes them, and no other package can add one.
package runner
