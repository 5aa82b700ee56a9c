// Package tui is the terminal face of a talk: the slide and the live shell beside it.
package tui

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	uv "github.com/charmbracelet/ultraviolet"

	"workshop/markdown"
	"workshop/runner/present"
)

// Options of the face. The zero value is for a terminal with colours.
type Options struct {
	In      io.Reader
	Out     io.Writer
	Environ []string
	Keys    string        // a preset of [Presets]; "" for the first one
	Prefix  string        // the key that leads out of the shell; "" for DefaultPrefix
	Plain   bool          // no colours
	Length  time.Duration // how long the talk is to be; 0: nobody knows
	Images  Images        // how pictures of the deck are read; nil: as text

	Invite func() Invitation // the audience's; nil: the talk is on this terminal only
}

// Invitation is the address and code that the room is shown.
type Invitation struct {
	Address string
	Note    string // who can use it
	Code    string // the address as a QR code, lines of blocks; "": no phone could open it
}

// DefaultPrefix leads out of the shell: a key that few programs use.
const DefaultPrefix = "ctrl+]"

// Run shows a talk on a terminal until its person quits or the context ends, which is
// the error then.
func Run(ctx context.Context, talk *present.Talk, opts Options) error {
	f, err := newFace(talk, opts)
	if err != nil {
		return err
	}
	p := tea.NewProgram(f, tea.WithContext(ctx), tea.WithInput(opts.In), tea.WithOutput(opts.Out),
		tea.WithEnvironment(opts.Environ), tea.WithoutSignalHandler(), tea.WithFPS(120))
	w := talk.Watch()
	ended := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		defer w.Close()
		for {
			select {
			case <-w.Changed():
				p.Send(changed{})
			case <-talk.Done():
				p.Quit()
				return
			case <-ended:
				return
			}
		}
	})
	_, err = p.Run()
	close(ended)
	watching.Wait()
	if errors.Is(err, tea.ErrProgramKilled) && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// changed says that there is a new state; tick that a second has passed.
type (
	changed struct{}
	tick    struct{}
)

func ticking() tea.Cmd {
	return tea.Tick(time.Second, func(time.Time) tea.Msg { return tick{} })
}

// focus is where keys go.
type focus int

const (
	onSlide focus = iota
	onShell
)

// mode is a list that is shown instead of the slide, or a question in the last line.
type mode int

const (
	normal mode = iota
	askGoto
	askSearch
	overview
	help
	links
	remarks
	invite
	notes
)

// zoom says which of slide and shell has the whole terminal.
type zoom int

const (
	both zoom = iota
	slideOnly
	shellOnly
)

// face is the model in Bubble Tea's sense: the state of this terminal alone.
type face struct {
	theme
	talk *present.Talk
	opts Options
	keys map[string]action
	s    *present.State

	cols, rows int
	shell      [2]int // the size that the shell was given
	focus      focus
	zoom       zoom
	mode       mode
	invited    Invitation
	input      string // of a prompt
	digits     string // typed before Enter
	at         int    // in a list
	scroll     int    // of the slide, in lines
	back       int    // of the shell, in lines
	leaving    bool   // q was pressed while something ran
	seen       bool   // the remarks about this version of the deck were listed
	exact      bool   // the terminal tells Escape and a key behind it from that key with Alt

	gallery *gallery
	sizing  sizing
	trees   map[*present.Slide]*markdown.Node
	laid    laid
}

// laid is the slide as it was laid out last, and for what.
type laid struct {
	slide    *present.Slide
	step     int
	outcomes []*present.Outcome
	hidden   bool
	figures  bool
	cols     int
	rows     int
	minute   int64
	large    large
	page     page
}

func newFace(talk *present.Talk, opts Options) (*face, error) {
	keys, err := bindings(opts.Keys)
	if err != nil {
		return nil, err
	}
	if opts.Prefix == "" {
		opts.Prefix = DefaultPrefix
	}
	if opts.Prefix, err = Prefix(opts.Prefix); err != nil {
		return nil, err
	}
	return &face{
		theme: newTheme(!opts.Plain), talk: talk, opts: opts, keys: keys, s: talk.State(),
		gallery: newGallery(opts.Images, opts.Environ), trees: map[*present.Slide]*markdown.Node{},
	}, nil
}

// Init begins the clock.
func (f *face) Init() tea.Cmd { return tea.Batch(ticking(), f.gallery.ask()) }

// Update takes a message in.
func (f *face) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	cmd := f.update(msg)
	return f, tea.Batch(cmd, f.pictures())
}

func (f *face) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case changed:
		f.take(f.talk.State())
	case tick:
		return ticking()
	case tea.WindowSizeMsg:
		f.cols, f.rows = msg.Width, msg.Height
		f.sizing.wanted = nil // everything is drawn again
		f.resize()
		return f.sizing.ask()
	case sizingAsked:
		return tea.Raw(question)
	case tea.CursorPositionMsg:
		if f.sizing.told(msg) {
			return tea.ClearScreen // of the question's blank
		}
	case tea.KeyboardEnhancementsMsg:
		f.exact = true
	case tea.KeyPressMsg:
		cmd := f.press(msg)
		f.take(f.talk.State())
		f.resize()
		return cmd
	case redraw:
		return f.settle(msg)
	case redrawText:
		return f.settleText(msg)
	case uv.PrimaryDeviceAttributesEvent, uv.CellSizeEvent:
		if f.gallery.told(msg) {
			f.laid = laid{}
		}
	case tea.PasteMsg:
		if f.focus == onShell {
			f.back = 0
			f.talk.Do(present.Command{Do: present.VerbPaste, Text: msg.Content})
		} else if f.mode == askGoto || f.mode == askSearch {
			f.input += msg.Content
		}
	}
	return nil
}

// take looks at a new state.
func (f *face) take(s *present.State) {
	old := f.s
	f.s = s
	if s.Current() != old.Current() {
		f.scroll = 0
	}
	if s.Deck != old.Deck {
		f.seen = false
		clear(f.trees)
		f.gallery.forget()
	}
	if s.Step != old.Step || s.Trouble != old.Trouble {
		f.reveal()
	}
	if s.Terminal == nil && f.focus == onShell && s.Busy == "" {
		f.focus = onSlide
	}
	if s.Terminal != nil && old.Terminal == nil {
		f.resize()
	}
	if s.Consent != nil && old.Consent == nil {
		f.at, f.mode, f.focus = 0, normal, onSlide
	}
}

// tree is the content of a slide.
func (f *face) tree(s *present.Slide) *markdown.Node {
	n := f.trees[s]
	if n == nil {
		var err error
		if n, err = markdown.Tree(s.Parts...); err != nil {
			text := []*markdown.Node{{Kind: markdown.TextNode, Text: err.Error()}}
			n.Children = append([]*markdown.Node{{Kind: markdown.BlockNode, Classes: []string{"warning"}, Children: text}}, n.Children...)
		}
		if len(f.trees) > 64 {
			clear(f.trees) // only visible slides are worth keeping
		}
		f.trees[s] = n
	}
	return n
}

// page is the present slide for a room.
func (f *face) page(cols, rows int) page {
	s := f.s
	now := laid{
		slide: s.Current(), step: s.Step, outcomes: s.Outcomes, hidden: s.Hidden, figures: s.Figures,
		cols: cols, rows: rows, minute: time.Now().Unix() / 60,
		large: f.large(),
	}
	l := &f.laid
	same := l.slide == now.slide && l.step == now.step && l.hidden == now.hidden && l.figures == now.figures &&
		l.cols == cols && l.rows == rows && l.minute == now.minute && l.large == now.large &&
		len(l.outcomes) == len(now.outcomes) && (len(l.outcomes) == 0 || &l.outcomes[0] == &now.outcomes[0])
	if !same {
		now.page = lay(f.theme, s, f.tree(now.slide), cols, rows, f.gallery, now.large)
		f.laid = now
	}
	return f.laid.page
}
