// Package present gives a workshop: a person steps through a deck with a live shell
// beside it. The steps are those that a check runs.
//
// # A talk and its faces
//
// A [Talk] is the model: the deck, the place in it, how each step came out, and the live
// shell. One goroutine owns it. Everything that anybody sees of it is a [State], which is
// never changed, and everything that anybody wants of it is a [Command]. The terminal
// and the browser are faces of a talk, any number of them at once, and none has a way
// around it:
//
//	talk, err := present.Open(ctx, source, options)
//	w := talk.Watch()        // a face begins to watch
//	defer w.Close()
//	for {
//		select {
//		case <-w.Changed():  // at most one is waiting
//			s := talk.State() // the latest; it includes all changes since the last one
//			…
//		case <-talk.Done():
//			return
//		}
//	}
//	talk.Do(present.Command{Do: present.VerbNext}) // the state is now the one after the command
//
// A face that is slow misses states and nothing else: nothing is queued for it, and the
// shell never waits. To find the changes, a face compares the state with its last one:
// Deck, Outcomes and Terminal are pointers or slices that are replaced when they change,
// and a line of the terminal that has not changed is the same line (the same first
// element) as before. The first state of a face that joins late is complete.
//
// # The fields of a state
//
//   - Deck, Slide, Step: where the talk is. [Deck.Slides] are the slides that are shown,
//     increments counted; a slide shows its [Slide.Parts]. [State.Current] and
//     [State.Selected] are the short way.
//   - Outcomes, by [Step.Index]: nil, running (Result nil), or ended. Log has them in the
//     order in which they ended, with the output of each (Result.Output, escape
//     sequences stripped).
//   - [State.Mark]: the verdict on a step that every face shows. A visible step answers
//     for the hidden steps behind it, so no face takes a verdict from Outcomes by itself.
//   - [State.Entries]: the log by visible commands, for people who missed them.
//   - [State.Check]: the last result of `workshop check` for a step and the steps that it
//     answers for, see package ledger.
//   - Trouble: a step that did not pass, or was not run: the face offers [VerbAgain], [VerbSkip]
//     and the shell ([VerbDismiss]). A command can fail when its exercise is over
//     ([runner.ExerciseCorrected]): its outcome is then another one, in Log as well, and
//     Revision rises.
//   - Consent: the face shows the steps that would run, and sends [VerbAllow] or
//     [VerbRefuse]. Nothing runs before that, and no shell is started.
//   - Terminal: a picture as text and looks. Nothing else of a program's output gets into
//     it. [Talk.Past] has the lines that scrolled away, for each face to scroll by itself.
//   - Started: the clock. Faces tick by themselves.
//
// # Running steps
//
// Navigating never runs anything. [VerbRun] runs the selected step and never changes the
// slide; [VerbContinue] runs on, and takes the slide along. A step that has run is run again
// only when somebody selects it and says so. [VerbInput], [VerbKey] and [VerbPaste] type into the
// shell at any time; the runner decides about the effect on the next step
// ([runner.Live]). There is one terminal, and the last [VerbResize] gives it its size:
// only the face that the presenter looks at should send any.
//
// A slide as a tree, with its steps in place, is made by [markdown.Tree] of
// [Slide.Parts]: text only, no HTML. Addresses in it are as the deck has them.
//
// A [Command] and its verbs are made to be JSON. The face decides who may send which
// commands: a talk carries out all of them.
package present
