package web

import (
	"embed"
	"encoding/json"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"workshop/runner/page"
	"workshop/runner/present"
)

//go:embed page
var files embed.FS

var pages = template.Must(template.ParseFS(files, "page/*.html"))

// route is something that can be asked for, by those who may.
type route struct {
	method string
	path   string // behind the seat; one that ends in "/" has a name behind it
	who    []Role
	pen    bool // of them the one who has the pen, and remotes
	answer func(*visit)
}

var (
	anybody = []Role{Audience, Remote, Presenter}
	leaders = []Role{Remote, Presenter}
)

// routes are all that there are. Nothing is served that is not here, and nothing here is
// reached but through the door.
func routes() []route {
	return []route{
		{"GET", joins + "/", nil, false, (*visit).knock},
		{"POST", joins + "/", nil, false, (*visit).enter},
		{"GET", "", anybody, false, (*visit).home},
		{"GET", "audience", anybody, false, func(v *visit) { v.page("audience") }},
		{"GET", "missed", anybody, false, func(v *visit) { v.page("missed") }},
		{"GET", "print", anybody, false, (*visit).print},
		{"GET", "events", anybody, false, (*visit).events},
		{"GET", "slide", anybody, false, (*visit).slide},
		{"GET", "log", anybody, false, (*visit).log},
		{"GET", "past", anybody, false, (*visit).past},
		{"GET", "asset/", anybody, false, (*visit).asset},
		{"GET", "file/", anybody, false, (*visit).file},
		{"POST", "do", leaders, true, (*visit).do},
		{"POST", "invite", []Role{Presenter}, true, (*visit).invite},
		{"POST", "hand", []Role{Presenter}, true, (*visit).hand},
	}
}

// route answers a request for one of the paths, if the seat may ask for it.
func (v *visit) route(rest string) {
	status, why := http.StatusNotFound, "There is no such page."
	for _, r := range routes() {
		switch {
		case r.path == rest:
		case strings.HasSuffix(r.path, "/") && strings.HasPrefix(rest, r.path):
		default:
			continue
		}
		if (r.path == joins+"/") != (v.invitation != nil) {
			continue
		}
		if r.method != v.r.Method {
			status, why = http.StatusMethodNotAllowed, "This cannot be done here."
			continue
		}
		if v.seat != nil && !slices.Contains(r.who, v.seat.role) ||
			r.pen && v.seat.role == Presenter && !v.seats.writes(v.seat) {
			v.refuse(http.StatusForbidden, "This is for the one who presents.")
			return
		}
		v.rest = rest[len(r.path):]
		r.answer(v)
		return
	}
	v.refuse(status, why)
}

// pageData is the data of a page's template.
type pageData struct {
	View  string
	Title string
	Nonce string
	Role  Role
	Body  []paper
}

// paper is a slide of the printed deck.
type paper struct {
	Class string
	HTML  template.HTML
	Notes template.HTML
}

func (v *visit) show(name string, data pageData) {
	data.Nonce = v.nonce
	if data.Title = v.talk.State().Deck.Title; data.Title == "" {
		data.Title = "workshop"
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = pages.ExecuteTemplate(v.w, name, data) // whoever asked has gone
}

func (v *visit) page(view string) { v.show(view+".html", pageData{View: view, Role: v.seat.role}) }

func (v *visit) home() { v.page(string(v.seat.role)) }

// knock shows the role that an invitation is for. Programs that follow links do not use it up.
func (v *visit) knock() { v.show("join.html", pageData{View: "join", Role: v.invitation.role}) }

// enter accepts an invitation.
func (v *visit) enter() {
	one, token, err := v.seats.accept(v.invitation)
	switch {
	case errors.Is(err, errUsed):
		v.refuse(http.StatusUnauthorized, "This invitation was used already.")
		return
	case err != nil:
		v.refuse(http.StatusServiceUnavailable, "There is no seat left.")
		return
	}
	http.SetCookie(v.w, &http.Cookie{
		Name: cookieName, Value: token, Path: "/" + one.id + "/", MaxAge: int(lasting / time.Second),
		HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	http.Redirect(v.w, v.r, "/"+one.id+"/", http.StatusSeeOther)
}

// print is the whole deck, a slide a page. Those who lead get notes and verdicts with it, if they ask for them.
func (v *visit) print() {
	s := v.talk.State()
	leads := slices.Contains(leaders, v.seat.role)
	notes, verdicts := leads && v.r.URL.Query().Has("notes"), leads && v.r.URL.Query().Has("verdicts")
	data := pageData{View: "print", Role: v.seat.role}
	for slide := range wholeSlides(s.Deck) {
		if v.r.Context().Err() != nil {
			return
		}
		made := v.slides.of(s.Deck, slide)
		one := paper{Class: page.ClassList(slide.Slide().Classes), HTML: template.HTML(made.html())}
		if verdicts {
			one.HTML = template.HTML(slideHTML(slide, func(step int) string { return verdictHTML(s, s.Deck.Steps[step]) }))
		}
		if notes {
			one.Notes = template.HTML(made.notes())
		}
		data.Body = append(data.Body, one)
	}
	v.extend(time.Minute)
	v.show("print.html", data)
}

// extend gives an answer more time than others have.
func (v *visit) extend(d time.Duration) {
	_ = http.NewResponseController(v.w).SetWriteDeadline(time.Now().Add(d)) // then it has the usual
}

// assetTypes are the embedded files, by their ends.
var assetTypes = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}

func (v *visit) asset() {
	kind := assetTypes[path.Ext(v.rest)]
	data, err := fs.ReadFile(files, "page/"+v.rest)
	if errors.Is(err, fs.ErrNotExist) {
		data, err = page.Files.ReadFile(v.rest)
	}
	if kind == "" || err != nil {
		v.refuse(http.StatusNotFound, "There is no such file.")
		return
	}
	v.w.Header().Set("Content-Type", kind)
	_, _ = v.w.Write(data)
}

// file is a picture of the deck.
func (v *visit) file() {
	name := page.ImageName((&url.URL{Path: v.rest}).EscapedPath())
	if v.opts.Images == nil || name == "" || name != v.rest {
		v.refuse(http.StatusNotFound, "There is no such picture.")
		return
	}
	data, err := v.opts.Images(name)
	if err != nil {
		v.refuse(http.StatusNotFound, "There is no such picture.")
		return
	}
	h := v.w.Header()
	h.Set("Content-Type", page.ImageTypes[strings.ToLower(path.Ext(name))])
	// An SVG is a document, which could run scripts where it is opened by itself.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox")
	v.extend(time.Minute)
	_, _ = v.w.Write(data)
}

// read reads the body of a request as JSON.
func (v *visit) read(into any) bool {
	if kind, _, _ := strings.Cut(v.r.Header.Get("Content-Type"), ";"); kind != "application/json" {
		v.refuse(http.StatusUnsupportedMediaType, "This has to be JSON.")
		return false
	}
	d := json.NewDecoder(v.r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		v.refuse(http.StatusBadRequest, "This could not be read.")
		return false
	}
	return true
}

func (v *visit) answerJSON(data any) {
	v.w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(v.w).Encode(data) // whoever asked has gone
}

// order is a command that a page sends.
type order struct {
	Do   present.Verb `json:"do"`
	Text string       `json:"text"`
	N    int          `json:"n"`
	Cols int          `json:"cols"`
	Rows int          `json:"rows"`
	What string       `json:"what"` // the step, or the list, that the page showed
}

// verbs are what each role may order. Links are opened by the browser that shows them.
var verbs = map[Role][]present.Verb{
	Remote: {
		present.VerbNext, present.VerbPrev, present.VerbRun, present.VerbStop, present.VerbAgain, present.VerbSkip, present.VerbToggle,
		present.VerbFont, present.VerbReplay, present.VerbForward,
	},
	Presenter: {
		present.VerbNext, present.VerbPrev, present.VerbGoto, present.VerbSearch, present.VerbSelect, present.VerbMove,
		present.VerbRun, present.VerbForward, present.VerbContinue, present.VerbStop, present.VerbAgain, present.VerbSkip,
		present.VerbDismiss, present.VerbFresh, present.VerbShell, present.VerbInput, present.VerbKey, present.VerbPaste,
		present.VerbResize, present.VerbFont, present.VerbReplay, present.VerbToggle, present.VerbAllow, present.VerbRefuse,
		present.VerbClock, present.VerbReload,
	},
}

// do carries an order out. An order that runs a step names the step, for another page may
// have turned the slide meanwhile.
func (v *visit) do() {
	var o order
	if !v.read(&o) {
		return
	}
	if !slices.Contains(verbs[v.seat.role], o.Do) || (o.Do == present.VerbResize || o.Do == present.VerbFont) && !v.opts.Resizes ||
		o.Do == present.VerbToggle && v.seat.role == Remote && o.Text != "blank" {
		v.refuse(http.StatusForbidden, "This is for the one who presents.")
		return
	}
	c := present.Command{Do: o.Do, Text: o.Text, N: o.N, Cols: o.Cols, Rows: o.Rows}
	switch o.Do {
	case present.VerbRun, present.VerbForward, present.VerbContinue, present.VerbSkip, present.VerbAgain:
		if o.What == "" && o.Do == present.VerbForward { // to a slide without steps
			c.If = func(s *present.State) bool {
				return s.Slide == o.N && s.Current() != nil && len(s.Current().Steps) == 0
			}
			break
		}
		if o.What == "" && o.Do != present.VerbContinue {
			v.refuse(http.StatusBadRequest, "This has to say which step it means.")
			return
		}
		meant := func(s *present.State) *present.Step {
			if slide := s.Current(); slide != nil {
				for _, step := range slide.Steps {
					if stepID(step) == o.What {
						return step
					}
				}
			}
			return nil
		}
		switch o.Do {
		case present.VerbRun, present.VerbForward:
			if s := v.talk.State(); meant(s) != nil && s.Selected() != meant(s) {
				v.talk.Do(present.Command{
					Do: present.VerbSelect, N: slices.Index(s.Current().Steps, meant(s)),
					If: func(now *present.State) bool { return now.Deck == s.Deck && now.Slide == s.Slide },
				})
			}
			c.If = func(s *present.State) bool { return s.Selected() != nil && stepID(s.Selected()) == o.What }
		case present.VerbAgain, present.VerbSkip:
			c.If = func(s *present.State) bool {
				if s.Trouble != nil {
					return stepID(s.Trouble.Step) == o.What
				}
				return o.Do == present.VerbSkip && s.Selected() != nil && stepID(s.Selected()) == o.What
			}
		}
	case present.VerbAllow:
		c.If = func(s *present.State) bool { return s.Consent != nil && consentID(s.Consent) == o.What }
	}
	v.talk.Do(c)
	v.w.WriteHeader(http.StatusNoContent)
}

// invite makes a link for somebody else, who does not get the pen with it.
func (v *visit) invite() {
	var wanted struct {
		Role Role `json:"role"`
	}
	if !v.read(&wanted) {
		return
	}
	if !slices.Contains(anybody, wanted.Role) {
		v.refuse(http.StatusBadRequest, "There is no such seat.")
		return
	}
	times := v.times(wanted.Role)
	link := v.roomAt(v.r.Host)
	if wanted.Role != Audience || link == "" {
		link = v.link(v.r.Host, v.seats.invite(wanted.Role, times, false))
	}
	v.answerJSON(map[string]any{"url": link, "times": times, "code": qrRows(link)})
}

// hand gives the pen away.
func (v *visit) hand() {
	var wanted struct {
		To string `json:"to"`
	}
	if !v.read(&wanted) {
		return
	}
	if !v.seats.hand(v.seat, wanted.To) {
		v.refuse(http.StatusConflict, "They have left, or you have given it away already.")
		return
	}
	v.w.WriteHeader(http.StatusNoContent)
}

// slide is a slide that somebody has paged to, as the audience sees it.
func (v *visit) slide() {
	s := v.talk.State()
	at, err := strconv.Atoi(v.r.URL.Query().Get("at"))
	if name := v.r.URL.Query().Get("to"); name != "" {
		at, err = s.Deck.Find(name), nil
	}
	if err != nil || at < 0 || at >= len(s.Deck.Slides) {
		v.refuse(http.StatusNotFound, "There is no such slide.")
		return
	}
	v.answerJSON(map[string]any{"slide": v.slideOf(s, at, false), "steps": stepsAt(s, at, Audience)})
}

// maxLog is how many commands one answer holds.
const maxLog = 200

// log lists the commands that were run, from one on.
func (v *visit) log() {
	from, _ := strconv.ParseInt(v.r.URL.Query().Get("from"), 10, 64)
	entries, more := logFrom(v.talk.State(), from, maxLog)
	v.answerJSON(map[string]any{"entries": entries, "more": more})
}

// pastLines is how many lines that have left the terminal are handed out.
const pastLines = 2000

// past is the text of the lines that have left the terminal and of those that it shows.
func (v *visit) past() {
	var lines []string
	if view := v.talk.State().Terminal; view != nil {
		for _, l := range v.talk.Past(pastLines, pastLines) {
			lines = append(lines, strings.TrimRight(l.String(), " "))
		}
		for _, l := range view.Lines {
			lines = append(lines, strings.TrimRight(l.String(), " "))
		}
	}
	v.answerJSON(map[string]any{"text": page.Printable(strings.TrimRight(strings.Join(lines, "\n"), "\n"))})
}
