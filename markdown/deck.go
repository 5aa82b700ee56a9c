package markdown

import "slices"

// SessionMode is the part of a deck that shares one shell, directory and stack.
type SessionMode string

// The session modes. The zero value of a [Chapter]'s mode means its deck's.
const (
	SessionDeck    SessionMode = "deck"    // one session for the deck, files in order
	SessionChapter SessionMode = "chapter" // a session for each chapter
)

// The values of the manifest's statuses: key, the judged commands of a snippet with several.
// The zero value means the deck's for a chapter, and all for a deck.
const (
	StatusesAll  = "all"  // the status of each command
	StatusesLast = "last" // that of the last one
)

// Deck is a workshop: the slides of a manifest, of a directory or of one file.
type Deck struct {
	Name     string            // of the manifest's or the file's stem, or of the directory
	Title    string            // from the manifest, else the first chapter's
	File     string            // the manifest or the single file, as shown to the user; "" for a directory
	Dir      string            // the directory of the deck inside the file system, "/"-separated, "." for its root
	Session  SessionMode       // SessionDeck for a manifest unless it says otherwise, else SessionChapter
	Style    string            // the style of its documents, unless one names its own
	Statuses string            // StatusesAll, StatusesLast or ""
	Pipefail bool              // the shells begin with set -o pipefail
	Workdir  string            // directory to copy for a session, inside the file system; "" if not given
	Engine   string            // the manifest's engine: key, as written
	Network  string            // the manifest's network: key, as written
	Compose  string            // the manifest's compose: key, as written
	Values   map[string]string // the keys of the manifest that are substituted, such as gitrepo, and its values:; nil without a manifest
	Secrets  []string          // the manifest's secrets: key, names of variables whose values are masked
	Mirrors  []Mirror          // the manifest's mirrors: key
	Terms                      // of the whole deck
	Chapters []*Chapter
	Unheeded *Unheeded // of a document by itself: what a manifest has for it; nil if there is nothing
	Lint     Lint      // the manifest's lint: key
	Files    []string  // all files that it was read from, inside the file system, sorted; those of chapters, too
	Warnings ErrorList // probable mistakes, sorted by position; they never stop a run
}

// Chapter is one content item: a file, or a Markdown fragment of a manifest.
type Chapter struct {
	Name      string   // the manifest's, else the file's stem, or the slug of its title; unique in the deck
	Title     string   // its first heading's text, else its name
	File      string   // as shown to the user
	Path      string   // of the file, inside the file system; "" for a fragment of a manifest
	Files     []string // the file and those that it includes, inside the file system
	Pos       Pos      // where the manifest names it, or its first line
	Session   SessionMode
	Style     string   // the name of the style that its steps were read by
	Asked     bool     // the author or the user asked for this style: its steps may run
	Front     bool     // it begins with front matter: a generator of sites makes a page of it
	Statuses  string   // StatusesAll, StatusesLast; "" means the deck's
	Workdir   string   // inside the file system; "" means the deck's
	Exclusive bool     // its session does not run beside others: it measures the machine
	Needs     []string // names of chapters that run first, as set-up
	Terms              // beside the deck's
	Slides    []*Slide
	Ignores   []*Ignore // comments `lint-ignore`, in the order of the text
	Excuses   []*Ignore // comments `audit-ignore`, likewise: they have a reason and no codes
}

// Sections reports whether the chapter is a document whose slides are its sections: other rules
// hold for them than for slides that were written as such.
func (c *Chapter) Sections() bool { return c.Style != "" && c.Style != exerciseStyle.name }

// Marked reports whether the deck surely consists of slides: it has a manifest, or something that pages have
// not. A line `---` alone may be a rule.
func (d *Deck) Marked() bool {
	return d.Values != nil || slices.ContainsFunc(d.Chapters, func(c *Chapter) bool {
		return slices.ContainsFunc(c.Slides, func(s *Slide) bool {
			return len(s.Properties) > 0 || s.Notes != "" || s.Increment ||
				slices.ContainsFunc(s.tokens, func(t packed) bool { return t.kind == openToken })
		})
	})
}

// Slide is the text between two separators, or a section of a document in another style.
type Slide struct {
	Number     int               // 1-based in the deck, increments counted; 0 when excluded; with `count: false` that of the slide before it
	Title      string            // the first heading's text; an increment has its predecessor's
	Part       string            // the `# Title` in force: the part of the deck
	Name       string            // the `name:` property
	Classes    []string          // the `class:` property, split; an increment has its predecessor's too
	Properties map[string]string // all properties, classes and name included; nil if there are none
	Increment  bool              // goes on with the slide before it (`--`)
	Excluded   bool              // has a class that the manifest excludes, or is a layout; its exercises do not run
	Pos        Pos               // its first line
	Source     string            // Markdown without properties and notes, substitutions made
	Notes      string            // the text behind `???`
	Nowhere    []string          // the targets of its links that lead nowhere, as in [Link], if they were looked for
	origin     origin            // of Source
	tokens     []packed          // of Source, by where they stand in the chapter
	Exercises  []*Exercise
}

// Exercise is an `.exercise[ … ]` or `.lab[ … ]` block, or a section of a document in another style.
type Exercise struct {
	ID     string // CHAPTER/SLUG-OF-THE-TITLE, then -2, -3 …; unique in the deck
	Pos    Pos
	End    Pos  // behind its closing bracket, or where its slide ends
	Hidden bool // stands wholly inside a comment
	Steps  []*Step
}

// Rules of steps that follow from what a document shows. Its author does not choose them.
const (
	RuleInterrupt = "interrupt"        // a key, of a click that ends whatever runs
	RuleShown     = "output before ^C" // a wait
)

// Step is one directive of an exercise, in the order of the text.
// Its name is not checked here: which directives exist is the runner's to say.
type Step struct {
	Pos       Pos    // the first character of the fence's opening backticks; in other styles, of the text that makes the step
	Word      Span   // where the directive's name stands
	Directive string // first word of the info string
	Args      string // the rest of the info string of a fence of several lines
	Text      string // the data: the rest of a one-liner (trimmed, save for keys), or the body without its last line end
	Raw       string // the data with the backticks that are removed from Text; "" if there are none
	TextPos   Pos    // where Text begins
	Hidden    bool   // inside an HTML comment: learners do not see it
	cut       bool   // it is a part of the token only
	Rule      string // of the style that made the step, in words; "" in a block `.exercise[ ]`
	Sentence  string // of a claim: the text that it stands under, without markup; "" if there is none
	Skip      string // the reason why the step must not run, from its author; "" if it may
	token     packed // that it was read from

	SentencePos Pos // where it begins

	lines  *lines // of an output: the lines of the token's body that it stands on; nil: all of it
	origin origin // of Text
}

// lines is a stretch of the lines of a fence's body.
type lines struct{ from, to int }

// Fills reports whether the step is an output that a command at a prompt does not show yet.
func (s *Step) Fills() bool { return s.lines != nil && s.lines.from == s.lines.to }

// Head is the place of the step's opening backticks and its directive's name.
func (s *Step) Head() Span { return Span{s.Pos, s.Word.End} }
