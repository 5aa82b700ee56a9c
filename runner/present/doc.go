// Package present gives a workshop: a person steps through a deck with a live shell
// beside it, in which the steps are run that a check runs.
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
//			s := talk.State() // the latest; what came in between is in it
//			…
//		case <-talk.Done():
//			return
//		}
//	}
//	talk.Do(present.Command{Do: present.Next}) // what follows at once is in the state now
//
// A face that is slow misses states and nothing else: nothing is queued for it, and the
// shell never waits. What has changed is told by comparing with the state that the face
// had last: Deck, Outcomes and Terminal are pointers or slices that are replaced when
// they change, and a line of the terminal that has not changed is the same line (the
// same first element) as before. A face that joins late has all there is in its first
// state.
//
// # What a state holds
//
//   - Deck, Slide, Step: where the talk is. [Deck.Slides] are the slides that are shown,
//     increments counted; [Slide.Parts] are what one shows. [State.Current],
//     [State.Selected] are the short way.
//   - Outcomes, by [Step.Index]: nil, running (Result nil), or ended. Log has them in the
//     order in which they ended, with the output of each (Result.Output, escape
//     sequences stripped): what one has missed.
//   - Checks, by [Step.Index]: what `workshop check` last said, see package ledger.
//   - Trouble: a step that did not pass, or was not run: the face offers [Again], [Skip]
//     and the shell ([Dismiss]).
//   - Consent: the face shows what would run, and sends [Allow] or [Refuse]. Nothing runs
//     before that, and no shell is started.
//   - Terminal: a picture as text and looks. Nothing else of what a program wrote gets
//     into it. [Talk.Past] has what scrolled away, for each face to scroll by itself.
//   - Started: the clock. Faces tick by themselves.
//
// # What runs
//
// Navigating never runs anything. [Run] runs the selected step and never changes the
// slide; [Continue] runs on, and takes the slide along. A step that has run is run again
// only when somebody selects it and says so. [Input], [Key] and [Paste] type into the
// shell at any time; what that means for the next step is the runner's affair
// ([runner.Live]). There is one terminal, and its size is what the last [Resize] says:
// the face that the presenter looks at should be the only one to send any.
//
// A slide as a tree, with its steps in place, is made by [markdown.Tree] of
// [Slide.Parts]: text only, no HTML. Addresses in it are as the deck has them.
//
// A [Command] and its verbs are made to be JSON. Who may send which commands is for the face to decide: a talk does what it is told.
package present
