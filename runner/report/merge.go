package report

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"workshop/runner"
	"workshop/runner/spool"
)

// shardsTitle is the title of the problems of merged reports.
const shardsTitle = "the reports of the shards"

// Merge makes one run of the reports of its shards. It believes none of them without its end, and
// names everything that is missing.
type Merge struct {
	parts    []*part
	problems []string
	wholes   map[[sha256.Size]byte]*planRecord // equal plans are the same one
	empty    []string                          // files and reports that were cut off before their first record
	spool    recordFile
}

// NewMerge returns a merge without any report.
func NewMerge() *Merge { return &Merge{wholes: map[[sha256.Size]byte]*planRecord{}} }

// Lacks adds a reason why the merge is not complete.
func (m *Merge) Lacks(problem string) { m.problems = append(m.problems, problem) }

// Add reads a file: a report of the format jsonl, or a log with the reports of any number of shards
// among other lines.
func (m *Merge) Add(file io.Reader, name string) error {
	lines, here := bufio.NewReader(file), map[string]*part{}
	found := false
	for n := 1; ; n++ {
		line, err := readLine(lines)
		if errors.Is(err, io.EOF) {
			break // without its end the last line is not whole
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", name, n, err)
		}
		text, in := inLog(line), logLine{}
		if text == nil || json.Unmarshal(text, &in) != nil || in.Kind == "" {
			continue
		}
		found = true
		at := fmt.Sprintf("%s:%d", name, n)
		p := here[in.Part]
		if p == nil {
			p = m.newPart(&in, at)
			here[in.Part] = p
		}
		if err := p.take(&in, text, at); err != nil {
			return err
		}
	}
	if !found {
		m.empty = append(m.empty, name+": holds no report of a shard")
	}
	return nil
}

// newPart begins the report that a line belongs to.
func (m *Merge) newPart(in *logLine, at string) *part {
	p := &part{id: in.Part, run: in.Run, at: at, merge: m}
	p.replay = newReplay([]*once{{to: p}}, nil)
	for _, other := range m.parts {
		if in.Part != "" && other.id == in.Part {
			m.Lacks(fmt.Sprintf("%s: doubled: the same report begins at %s", at, other.at))
			p.ignored = true
		}
	}
	if !p.ignored {
		m.parts = append(m.parts, p)
	}
	return p
}

// Finish writes the reports of the merged run, and returns its result. If a shard is missing, doubled,
// foreign or cut short, or if an exercise has no verdict, the result is broken and names it.
func (m *Merge) Finish(expect int, out *Files) (*runner.Result, error) {
	defer m.spool.close()
	for _, p := range m.parts {
		if err := p.complete(); err != nil {
			return nil, err
		}
	}
	own, lead := m.own()
	j := &joined{merge: m, out: newReplay(slices.Concat(out.direct, out.made), nil), notes: map[string]bool{}}
	if lead != nil {
		j.lead, j.whole = lead, lead.shard.Whole
		m.check(expect, own, j)
	} else if len(m.problems) == 0 {
		m.Lacks("there is no report of a shard")
	}
	if len(m.problems) > 0 { // else nothing is missing: these were attempts that had no time to begin
		m.problems = append(m.problems, m.empty...)
	}
	result, err := j.write()
	if err != nil {
		return nil, err
	}
	return result, out.Finish(result)
}

// own are the reports of the run to merge, that of which the most shards are there, and one that has
// its plan. The others are foreign.
func (m *Merge) own() (own []*part, lead *part) {
	type key struct{ run, digest string }
	of := func(p *part) key { return key{p.run, p.shard.Digest} }
	indexes, most := map[key]map[int]bool{}, key{}
	for _, p := range m.parts {
		if !p.began() {
			continue
		}
		k := of(p)
		if indexes[k] == nil {
			indexes[k] = map[int]bool{}
		}
		indexes[k][p.shard.Index] = true
		if lead == nil || len(indexes[k]) > len(indexes[most]) {
			most = k
		}
		if k == most && (lead == nil || of(lead) != most) {
			lead = p
		}
	}
	for _, p := range m.parts {
		switch {
		case p.shard == nil && !p.seen:
			m.empty = append(m.empty, p.problem.Error())
		case p.shard == nil && p.problem != nil && p.first.IsZero():
			m.Lacks(p.problem.Error())
		case p.shard == nil:
			m.Lacks(p.at + ": foreign: the report of a run without shards")
		case lead == nil || !p.began():
			own = append(own, p)
		case p.run != most.run:
			m.Lacks(fmt.Sprintf("%s: foreign: %s of the run %s, not of %s", p.at, p.shard.name(), p.run, most.run))
		case p.shard.Digest != most.digest:
			m.Lacks(fmt.Sprintf("%s: foreign: %s has another plan than %s (another deck, selection, number of shards or durations)",
				p.at, p.shard.name(), lead.at))
		case p.shard.Whole != lead.shard.Whole:
			m.Lacks(fmt.Sprintf("%s: foreign: %s has another list of exercises than %s", p.at, p.shard.name(), lead.at))
		default:
			own = append(own, p)
		}
	}
	if lead == nil {
		for _, p := range own {
			m.Lacks(fmt.Sprintf("%s: %s did not begin: %s", p.at, p.shard.name(), p.reason()))
		}
		return nil, nil
	}
	return own, lead
}

func (s *shardRecord) name() string { return fmt.Sprintf("shard %d of %d", s.Index, s.Total) }

// check chooses the attempts of each shard, and looks for everything that is missing.
func (m *Merge) check(expect int, own []*part, j *joined) {
	total := j.lead.shard.Total
	if expect != total {
		m.Lacks(fmt.Sprintf("the reports are of %d shards, and %d are expected", total, expect))
	}
	j.attempts, j.opts.AllowFlaky = map[int][]*part{}, true
	for _, p := range own {
		if p.shard.Index < 1 || p.shard.Index > total {
			m.Lacks(fmt.Sprintf("%s: foreign: %s", p.at, p.shard.name()))
			continue
		}
		j.attempts[p.shard.Index] = append(j.attempts[p.shard.Index], p)
		j.opts.AllowFlaky, j.opts.Strict = j.opts.AllowFlaky && p.shard.AllowFlaky, j.opts.Strict || p.shard.Strict
	}
	for index := 1; index <= total; index++ {
		all := j.attempts[index]
		slices.SortStableFunc(all, func(a, b *part) int { return a.first.Compare(b.first) })
		j.attempts[index] = m.decide(index, total, all, j.whole)
	}
	m.checkWhole(j)
}

// decide orders the attempts of a shard so that the last one decides: the last whole one, else the last
// one that began.
func (m *Merge) decide(index, total int, all []*part, whole *planRecord) []*part {
	name := fmt.Sprintf("shard %d of %d", index, total)
	var good []*part
	for _, p := range all {
		if !p.began() {
			continue
		}
		if !p.plans(whole) {
			m.Lacks(fmt.Sprintf("%s: foreign: the plan of %s is another one", p.at, name))
			continue
		}
		good = append(good, p)
	}
	at := -1
	for i, p := range good {
		if !p.whole() {
			continue
		}
		if at >= 0 && good[at].accepted() {
			m.Lacks(fmt.Sprintf("%s: doubled: %s has passed already, at %s", p.at, name, good[at].at))
		}
		at = i
	}
	switch {
	case at >= 0:
		return append(slices.Delete(slices.Clone(good), at, at+1), good[at])
	case len(good) > 0:
		last := good[len(good)-1]
		m.Lacks(fmt.Sprintf("%s: cut: %s has no end: %s", last.at, name, last.reason()))
	case len(all) > 0:
		last := all[len(all)-1]
		m.Lacks(fmt.Sprintf("%s: %s did not begin: %s", last.at, name, last.reason()))
	default:
		m.Lacks("missing: there is no report of " + name)
	}
	return good
}

// checkWhole looks for exercises that are in no shard's list, or in two.
func (m *Merge) checkWhole(j *joined) {
	seen := map[string]bool{}
	var lost []string
	for _, s := range j.whole.Sessions {
		nowhere := s.Shard < 1 || s.Shard > j.lead.shard.Total
		for _, e := range s.Exercises {
			id := s.Deck + " " + e.ID
			switch {
			case e.Setup:
			case nowhere:
				lost = append(lost, e.ID)
			case seen[id]:
				m.Lacks("doubled: the exercise " + e.ID + " is in the lists of two shards")
			default:
				seen[id] = true
			}
		}
	}
	if len(lost) > 0 {
		m.Lacks("in no shard's list: " + strings.Join(lost, ", "))
	}
}

// part is one report: an attempt of a shard. Its records are in the spool.
type part struct {
	id, run  string
	at       string // FILE:LINE of its beginning
	ignored  bool   // another copy of it is read
	merge    *Merge
	unpacker unpacker
	replay   *replay
	first    time.Time // of its first record
	shard    *shardRecord
	problem  error // because of which the rest of it is not read

	head, tail []string // notes before the first session, and behind the last one
	sessions   [][]*attemptRecords
	current    *attemptRecords
	seen       bool // a whole record has been read
	ended      int  // exercises of the session under way
	cutting    bool
}

// extent is a piece of the temporary file.
type extent struct{ from, to int64 }

// attemptRecords are the records of an attempt of a session.
type attemptRecords struct {
	extents []extent
	begun   bool // its beginning has been read
	whole   bool // its end has been read
}

// take takes a line.
func (p *part) take(in *logLine, text []byte, at string) error {
	if p.ignored || p.problem != nil {
		return nil //nolint:nilerr // the mistake is reported for its part
	}
	if in.Kind != kindPacked {
		return p.feed(text, &in.record, at)
	}
	lines, wrong := p.unpacker.add(in)
	if wrong != nil {
		p.problem = fmt.Errorf("%s: %w", at, wrong)
	}
	for _, line := range lines {
		r := &record{}
		wrong := json.Unmarshal(line, r)
		if wrong != nil {
			p.problem = fmt.Errorf("%s: not a record of a run: %w", at, wrong)
			break
		}
		if err := p.feed(line, r, at); err != nil {
			return err
		}
	}
	return p.merge.spool.err
}

// feed takes a record. The rest of the report is not read behind one that is wrong.
func (p *part) feed(line []byte, r *record, at string) error {
	if p.problem != nil {
		return nil //nolint:nilerr // the mistake is reported for its part
	}
	p.seen = true
	wrong := p.refuse(r)
	if wrong == nil {
		wrong = p.replay.feedRecord(line, r)
	}
	if wrong != nil {
		p.problem = fmt.Errorf("%s: %w", at, wrong)
	}
	return p.merge.spool.err
}

// refuse looks for an end that is none.
func (p *part) refuse(r *record) error {
	switch r.Kind {
	case runner.ExerciseFinished, runner.ExerciseRetried, runner.SessionFinished, runner.RunFinished:
		if !slices.ContainsFunc(verdictForms, func(f verdictForm) bool { return f.verdict == r.Verdict }) {
			return fmt.Errorf("%q is no verdict", r.Verdict)
		}
	}
	switch s := p.replay.session; {
	case r.Kind == runner.SessionFinished && s != nil && p.ended != len(s.Session.Exercises):
		return fmt.Errorf("the session %q ends, but %d of its %d exercises have a verdict", r.Session, p.ended, len(s.Session.Exercises))
	case r.Kind == runner.RunFinished && r.Verdict != runner.Invalid && p.open() != "":
		return fmt.Errorf("the report ends, but %s has no verdict", p.open())
	case r.Kind == runner.RunStarted && p.replay.begun:
		return errors.New("doubled: the report begins again")
	}
	return nil
}

// open is an exercise without a verdict; "" if there is none.
func (p *part) open() string {
	for i, s := range p.replay.result.Plan.Sessions {
		if len(s.Exercises) > 0 && (i >= len(p.sessions) || len(p.sessions[i]) == 0 || !p.sessions[i][len(p.sessions[i])-1].whole) {
			return s.Exercises[0].ID
		}
	}
	return ""
}

// Event has nothing to do: see record.
func (p *part) Event(runner.Event) error { return nil }

// Finish has nothing to do: the merge reads the records.
func (p *part) Finish(*runner.Result) error { return nil }

// record keeps a record that has been read.
func (p *part) record(r *record) error {
	switch r.Kind {
	case runner.RunStarted:
		p.shard = r.Shard
		if err := p.share(); err != nil {
			return err
		}
		p.first, _ = time.Parse(time.RFC3339Nano, r.Time) // it has been read
		p.sessions = make([][]*attemptRecords, len(p.replay.result.Plan.Sessions))
		return nil
	case runner.RunFinished:
		return nil
	case runner.SessionStarted:
		p.current, p.ended = &attemptRecords{begun: !p.cutting}, 0
		p.sessions[r.Number-1] = append(p.sessions[r.Number-1], p.current)
	case runner.ExerciseFinished:
		p.ended++
	}
	if p.current == nil || p.cutting && r.Kind == runner.EventNote {
		p.note(r)
		return nil
	}
	line, err := r.line()
	if err == nil {
		err = p.merge.spool.add(line, p.current)
	}
	if r.Kind == runner.SessionFinished {
		p.current.whole, p.current = !p.cutting, nil
	}
	return err
}

// share replaces the plan of all shards by an equal one of another report: it may be long.
func (p *part) share() error {
	if p.shard == nil || p.shard.Whole == nil {
		return nil
	}
	b, err := json.Marshal(p.shard.Whole)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(b)
	if p.merge.wholes[sum] == nil {
		p.merge.wholes[sum] = p.shard.Whole
	}
	p.shard.Whole = p.merge.wholes[sum]
	return nil
}

// note keeps a note outside of any session.
func (p *part) note(r *record) {
	switch {
	case r.Kind != runner.EventNote || p.cutting:
	case slices.ContainsFunc(p.sessions, func(all []*attemptRecords) bool { return len(all) > 0 }):
		p.tail = append(p.tail, r.Note)
	default:
		p.head = append(p.head, r.Note)
	}
}

// complete adds the records that a report without its end lacks.
func (p *part) complete() error {
	p.cutting = true
	if p.first.IsZero() {
		p.problem = firstOf(p.problem, fmt.Errorf("%s: the beginning of the report is missing", p.at))
		return nil
	}
	if err := p.replay.cutOff(); err != nil && p.merge.spool.err == nil {
		p.problem = firstOf(p.problem, err)
	}
	return p.merge.spool.err
}

func firstOf(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// began reports whether the run of the shard began: it has a plan, and no reason against it.
func (p *part) began() bool {
	return p.shard != nil && p.shard.Whole != nil && len(p.replay.result.Problems) == 0
}

// whole reports whether all planned exercises have a verdict.
func (p *part) whole() bool {
	return p.problem == nil && p.replay.ended && p.open() == "" && p.replay.result.Verdict != runner.Interrupted &&
		p.replay.result.Verdict != runner.Invalid
}

// accepted reports whether the attempt did not fail.
func (p *part) accepted() bool {
	r := p.replay.result
	return r.Verdict == runner.Passed || r.Verdict == runner.Skipped || r.Accepted
}

// reason says why the report cannot be believed.
func (p *part) reason() string {
	switch all := p.replay.result.Problems; {
	case p.problem != nil:
		return p.problem.Error()
	case len(all) > 0:
		return all[0].Error()
	}
	if open := p.open(); open != "" {
		return open + " has no verdict"
	}
	return "it was interrupted"
}

// plans reports whether the sessions of the report are those of its shard.
func (p *part) plans(whole *planRecord) bool {
	planned := recordPlan(p.replay.result.Plan).Sessions
	for _, s := range whole.Sessions {
		if s.Shard != p.shard.Index {
			continue
		}
		if len(planned) == 0 || planned[0].Name != s.Name || planned[0].Deck != s.Deck ||
			!slices.EqualFunc(planned[0].Exercises, s.Exercises, func(a, b exerciseRecord) bool { return a.ID == b.ID && a.Setup == b.Setup }) {
			return false
		}
		planned = planned[1:]
	}
	return len(planned) == 0
}

// recordFile is a temporary file for records.
type recordFile struct {
	file *os.File
	size int64
	err  error
}

func (s *recordFile) add(line []byte, to *attemptRecords) error {
	if s.err != nil {
		return s.err
	}
	if s.file == nil {
		if s.file, s.err = spool.New(); s.err != nil {
			return s.err
		}
	}
	var n int
	n, s.err = s.file.WriteAt(line, s.size)
	e := extent{s.size, s.size + int64(n)}
	s.size = e.to
	if last := len(to.extents) - 1; last >= 0 && to.extents[last].to == e.from {
		to.extents[last].to = e.to
	} else {
		to.extents = append(to.extents, e)
	}
	return s.err
}

func (s *recordFile) close() {
	if s.file != nil {
		s.file.Close()
	}
}

// joined is the merged run: one stream of records.
type joined struct {
	merge    *Merge
	out      *replay
	seq      int
	at       time.Time
	lead     *part // nil: there is none
	whole    *planRecord
	attempts map[int][]*part // by shard; the last one decides
	opts     runner.Options  // the strictest of all shards
	notes    map[string]bool // that have been written
	err      error
}

// put writes a record of the merged run.
func (j *joined) put(r *record) {
	if r.Kind == runner.EventNote {
		if j.notes[r.Note] {
			return
		}
		j.notes[r.Note] = true
	}
	j.seq++
	r.V, r.Seq, r.Part, r.Shard = version, j.seq, "", nil
	r.Run = "merged"
	if j.lead != nil {
		r.Run = j.lead.run
	}
	if r.Time == "" {
		r.Time = j.at.UTC().Format(time.RFC3339Nano)
	}
	line, err := r.line()
	if j.err = errors.Join(j.err, err); j.err == nil {
		j.err = j.out.feed(line)
	}
}

// write writes the records of the merged run.
func (j *joined) write() (*runner.Result, error) {
	parts := j.merge.parts
	ended := time.Time{}
	for _, p := range parts {
		if j.at.IsZero() || !p.first.IsZero() && p.first.Before(j.at) {
			j.at = p.first
		}
		if p.replay.time.After(ended) {
			ended = p.replay.time
		}
	}
	begin := &record{Kind: runner.RunStarted, Plan: &planRecord{Decks: []deckRecord{}, Sessions: []sessionRecord{}}}
	if j.lead != nil {
		begin.Repeat = j.lead.replay.result.Repeat
		begin.Plan.Decks = j.whole.Decks
		for _, s := range j.whole.Sessions {
			s.Shard = 0
			begin.Plan.Sessions = append(begin.Plan.Sessions, s)
		}
	}
	j.put(begin)
	for _, problem := range j.merge.problems {
		j.put(&record{Kind: runner.EventProblem, Failure: &failureRecord{Message: problem}})
	}
	if j.lead != nil {
		j.sessions()
	}
	j.at = ended
	j.end()
	return j.out.result, j.err
}

// end writes the record of the run's end.
func (j *joined) end() {
	result := j.out.result
	j.opts.Judge(result)
	for _, all := range j.attempts {
		if len(all) > 0 && !all[len(all)-1].accepted() {
			result.Verdict, result.Accepted = j.opts.Worse(result.Verdict, all[len(all)-1].replay.result.Verdict), false
		}
	}
	r := &record{Kind: runner.RunFinished, Verdict: result.Verdict, Accepted: result.Accepted, Seconds: seconds64(j.at.Sub(result.Started))}
	if len(j.merge.problems) > 0 {
		r.Verdict, r.Accepted = runner.Broken, false
	}
	counts := countsOf(tallyOf(result))
	r.Counts, r.Repeats = &counts, recordRepeats(result)
	j.put(r)
}

// sessions writes the records of all sessions in the order of the plan: the first attempt of each, then
// further ones.
func (j *joined) sessions() {
	parts := func(each func(p *part)) {
		for index := 1; index <= j.lead.shard.Total; index++ {
			for _, p := range j.attempts[index] {
				each(p)
			}
		}
	}
	parts(func(p *part) {
		for _, note := range p.head {
			j.put(&record{Kind: runner.EventNote, Note: note})
		}
	})
	left := make([][]attemptOf, len(j.whole.Sessions))
	next := map[int]int{} // the place of a shard's next session in its own plan
	for i, s := range j.whole.Sessions {
		at := next[s.Shard]
		next[s.Shard]++
		for n, p := range j.attempts[s.Shard] {
			if at >= len(p.sessions) {
				continue
			}
			for _, a := range p.sessions[at] {
				if a.begun || n == len(j.attempts[s.Shard])-1 {
					left[i] = append(left[i], attemptOf{part: p, session: at, records: a})
				}
			}
		}
	}
	for round, more := 1, true; more; round++ {
		more = false
		for i, all := range left {
			switch {
			case round == 1 && len(all) == 0:
				j.unknown(i)
			case round <= len(all):
				j.copy(i, round, all[round-1], round == len(all))
				more = more || round < len(all)
			}
		}
	}
	var tail []string
	parts(func(p *part) { tail = append(tail, p.tail...) })
	slices.Sort(tail)
	for _, note := range tail {
		j.put(&record{Kind: runner.EventNote, Note: note})
	}
}

// attemptOf is an attempt of a session in the report of a shard.
type attemptOf struct {
	part    *part
	session int // in the shard's plan, from 0
	records *attemptRecords
}

// unknown writes the records of a session of which there is none.
func (j *joined) unknown(i int) {
	s := j.whole.Sessions[i]
	place := record{Deck: s.Deck, Session: s.Name}
	put := func(kind runner.EventKind, set func(r *record)) {
		r := place
		r.Kind = kind
		set(&r)
		j.put(&r)
	}
	put(runner.SessionStarted, func(r *record) { r.Cols, r.Rows, r.Number, r.Attempt = 80, 24, i+1, 1 })
	for _, e := range s.Exercises {
		put(runner.ExerciseStarted, func(r *record) { r.Exercise, r.Setup = e.ID, e.Setup })
		put(runner.ExerciseFinished, func(r *record) {
			r.Exercise, r.Setup, r.Verdict, r.Seconds = e.ID, e.Setup, runner.Interrupted, seconds64(0)
		})
	}
	put(runner.SessionFinished, func(r *record) {
		r.Verdict, r.Seconds = runner.Interrupted, seconds64(0)
		r.Failure = &failureRecord{Message: fmt.Sprintf("the results of session %s are not known: shard %d of %d has no report of them",
			s.Name, s.Shard, j.lead.shard.Total)}
		if len(s.Exercises) > 0 {
			r.Failure.Pos = s.Exercises[0].Pos
		}
	})
}

// copy writes the records of an attempt of a session.
func (j *joined) copy(i, round int, a attemptOf, last bool) {
	several := len(j.attempts[j.whole.Sessions[i].Shard]) > 1
	for _, e := range a.records.extents {
		lines := bufio.NewReader(io.NewSectionReader(j.merge.spool.file, e.from, e.to-e.from))
		for j.err == nil {
			line, err := readLine(lines)
			if errors.Is(err, io.EOF) {
				break
			}
			r := &record{}
			if err == nil {
				err = json.Unmarshal(line, r)
			}
			if err != nil {
				j.err = fmt.Errorf("read the records of a shard again: %w", err)
				return
			}
			switch {
			case r.Kind == runner.SessionStarted:
				r.Number, r.Attempt = i+1, round
			case several && r.Kind == runner.ExerciseRetried:
				continue // it has more attempts than its shard knew
			case several && last && r.Kind == runner.SessionFinished:
				j.settle(a, r)
			}
			j.put(r)
		}
	}
}

// settle writes the verdicts of all attempts of a session's exercises, and gives the session its own.
// An exercise that failed in one attempt of its shard and passed in another is flaky. An attempt that
// was broken or interrupted says nothing about it.
func (j *joined) settle(a attemptOf, end *record) {
	deciding := a.part.replay.result.Sessions
	at := slices.IndexFunc(deciding, func(s *runner.SessionResult) bool { return s.Session == a.part.replay.result.Plan.Sessions[a.session] })
	if at < 0 {
		return
	}
	for n, e := range deciding[at].Exercises {
		v, own := e.Verdict, e.OfAttempt()
		others := j.others(a, n)
		failed, flaky := slices.Contains(others, runner.Failed), slices.Contains(others, runner.Flaky)
		switch {
		case v == runner.Passed && (failed || flaky), v == runner.Failed && (slices.Contains(others, runner.Passed) || flaky):
			v = runner.Flaky
		case failed && (v == runner.Skipped || v == runner.Blocked || v == runner.Inconclusive):
			v = runner.Failed
		}
		if v == own || j.out.attempt < 2 {
			continue
		}
		if j.err = errors.Join(j.err, j.out.follow()); j.err != nil {
			return
		}
		j.put(&record{
			Kind: runner.ExerciseRetried, Deck: end.Deck, Session: end.Session, Exercise: e.ID, Setup: e.Setup, Verdict: v,
			Seconds: seconds64(e.Duration), Time: end.Time, Note: j.out.session.Exercises[n].Story(),
		})
		if v == runner.Flaky && own != runner.Passed {
			v = runner.Failed // nothing excuses an exercise that fails now
		}
		end.Verdict = j.opts.Worse(end.Verdict, v)
	}
}

// others are the verdicts of an exercise in the other attempts of its shard that have one.
func (j *joined) others(a attemptOf, exercise int) (all []runner.Verdict) {
	for _, p := range j.attempts[a.part.shard.Index] {
		if p == a.part || a.session >= len(p.replay.result.Plan.Sessions) {
			continue
		}
		for _, s := range p.replay.result.Sessions {
			if s.Session == p.replay.result.Plan.Sessions[a.session] && exercise < len(s.Exercises) {
				all = append(all, s.Exercises[exercise].Verdict)
			}
		}
	}
	return all
}
