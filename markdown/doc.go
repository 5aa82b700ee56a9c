// Package markdown reads decks of workshop slides: bytes in, positioned values
// out. It executes nothing and reads only from the file system it is given.
//
// [Load] reads a [Deck] from a file system, [Parse] one from memory. The error of both is an
// [ErrorList], and the deck holds the readable parts. Package runner carries out the
// exercises of a deck. [Tree] makes a tree of text and looks of a slide, to be shown.
//
// # The dialect
//
// Slides are separated by lines that are exactly `---`, or `--` where a slide goes
// on (an increment). A slide starts with properties (`class: a, b`, or the same in
// an HTML comment) and ends with notes after a line `???`. `.name[ … ]` is a classed
// span or block; brackets are balanced, those in code do not count, `\.name[` is
// literal. `.exercise[ … ]` and `.lab[ … ]` hold steps: fenced blocks and one-liners
// of three backticks whose first word is a directive, visible or in HTML comments.
// `@@NAME@@`, `@@TOC@@`, `@@LINK[file]` and `@@INCLUDE[file]` are substituted first,
// everywhere; files are relative to the root of the file system, else to the deck.
//
// # Other styles
//
// A document without any `.exercise[` in its deck may be written in another style, see
// [Styles]: its sections are the slides, those with commands have an exercise, and a rule of
// the style makes each step of a fence. The tokens are those of the same scanner. Its steps are
// marked as not asked for ([Chapter.Asked]) unless its author or the user names the style.
//
// # Reading
//
// A scanner of our own finds the separators, blocks, comments and fences, in one pass and
// linear in the input, because every deck must be decided within a second. The slides and
// the steps keep its tokens, and links, titles, trees and rewritten steps are made of them.
// goldmark, which is quadratic on some input, reads the headings, bounded in length and
// number.
//
// # Input that is not plain text
//
//   - CRLF line ends are the same as LF, and so is a mixture of both
//   - a byte order mark at the start of a file is skipped
//   - a NUL byte and invalid UTF-8 are errors, the first of each in a file
//   - bidirectional, zero-width and control characters are errors within a step
//     and allowed elsewhere; a no-break space within a step is a warning; a joiner
//     between emoji, or where a script needs it, is allowed
//   - files of more than 4 MiB, manifests of more than 256 KiB, chapters of more
//     than 8 MiB with their includes, and decks of more than 16 MiB or 100,000
//     slides are errors
//
// # Mistakes
//
// Each has a [Code] that never changes, a severity that goes with its code, and an end
// where that is known. A comment `<!-- lint-ignore CODE: reason -->` (or such a line within
// a comment) and a manifest's lint: key ask for silence about some: they are read here,
// and applied by the reporter. A mistake whose repair needs no judgement carries its edits.
//
// # Limits of the report
//
// Every mistake is reported, but no more than 100 errors and 100 warnings a chapter.
package markdown
