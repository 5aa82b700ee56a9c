package markdown

// SessionMode says what shares one shell, directory and stack.
type SessionMode string

// The session modes. The zero value of a [Chapter]'s mode means its deck's.
const (
	SessionDeck    SessionMode = "deck"    // one session for the deck, files in order
	SessionChapter SessionMode = "chapter" // a session for each chapter
)

// Deck is a workshop: the slides of a manifest, of a directory or of one file.
type Deck struct {
	Name     string            // of the manifest's or the file's stem, or of the directory
	Title    string            // from the manifest, else the first chapter's
	File     string            // the manifest or the single file, as shown to the user; "" for a directory
	Dir      string            // the directory of the deck inside the file system, "/"-separated, "." for its root
	Session  SessionMode       // SessionDeck for a manifest unless it says otherwise, else SessionChapter
	Workdir  string            // directory to copy for a session, inside the file system; "" if not given
	Engine   string            // the manifest's engine: key, as written
	Network  string            // the manifest's network: key, as written
	Compose  string            // the manifest's compose: key, as written
	Values   map[string]string // the keys of the manifest that are substituted, such as gitrepo
	Chapters []*Chapter
	Lint     Lint      // the manifest's lint: key
	Warnings ErrorList // what is suspicious, sorted by position; never stops a run
}

// Chapter is one content item: a file, or a Markdown fragment of a manifest.
type Chapter struct {
	Name    string // the manifest's, else the file's stem, or the slug of its title; unique in the deck
	Title   string // its first heading's text, else its name
	File    string // as shown to the user
	Path    string // of the file, inside the file system; "" for a fragment of a manifest
	Pos     Pos    // where the manifest names it, or its first line
	Session SessionMode
	Workdir string   // inside the file system; "" means the deck's
	Needs   []string // names of chapters that run first, as set-up
	Slides  []*Slide
	Ignores []*Ignore // comments `lint-ignore`, in the order of the text
}

// Slide is what stands between two separators.
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
	Notes      string            // what follows `???`
	origin     origin            // of Source
	Exercises  []*Exercise
}

// Exercise is an `.exercise[ … ]` or `.lab[ … ]` block.
type Exercise struct {
	ID     string // CHAPTER/SLUG-OF-THE-TITLE, then -2, -3 …; unique in the deck
	Pos    Pos
	Hidden bool // stands wholly inside a comment
	Steps  []*Step
}

// Step is one directive of an exercise, in the order of the text.
// Its name is not checked here: which directives exist is the runner's to say.
type Step struct {
	Pos       Pos    // the first character of the fence's opening backticks
	Word      Span   // where the directive's name stands
	Directive string // first word of the info string
	Args      string // the rest of the info string of a fence of several lines
	Text      string // the data: what follows the directive on a one-liner (trimmed, save for keys), else the body without its last line end
	Raw       string // the data with the backticks that are removed from Text; "" if there are none
	TextPos   Pos    // where Text begins
	Hidden    bool   // inside an HTML comment: learners do not see it
	indent    int    // columns that were removed from each line of a fence's body
	origin    origin // of Text
}

// Head is the place of the step's opening backticks and its directive's name.
func (s *Step) Head() Span { return Span{s.Pos, s.Word.End} }
