// Package markdown reads decks of workshop slides: bytes in, positioned values
// out. It executes nothing and reads only from the file system it is given.
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
// What is a separator, a block, a comment or a fence is decided by a scanner of our
// own, one pass and linear in the input, because a deck must be decided within a
// second whatever it holds; goldmark, which is quadratic on some input, reads the
// headings, bounded in length and number.
//
// # Input that is not plain text
//
//   - CRLF line ends are the same as LF, and so is a mixture of both
//   - a byte order mark at the start of a file is skipped
//   - a NUL byte and invalid UTF-8 are errors, the first of each in a file
//   - bidirectional, zero-width and control characters are errors within a step
//     and allowed elsewhere; a no-break space within a step is a warning
//   - files of more than 4 MiB, manifests of more than 256 KiB, chapters of more
//     than 8 MiB with their includes, and decks of more than 16 MiB or 100,000
//     slides are errors
//
// # Mistakes
//
// Each has a [Code] that never changes, a severity that goes with its code, and an end
// where that is known. A comment `<!-- lint-ignore CODE: reason -->` (or such a line within
// a comment) and a manifest's lint: key ask for silence about some: they are read here,
// and heeded by whoever reports. What needs no judgement to repair carries its edits.
//
// # Limits of what is reported
//
// Every mistake is reported, but no more than 100 errors and 100 warnings a chapter.
package markdown
