package runner

import (
	"cmp"
	"container/heap"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"workshop/markdown"
)

// MaxShards is the largest number of shards.
const MaxShards = 10000

// Division divides the sessions of a plan among shards: runs of a part each, perhaps on several
// machines. From the same plan and the same durations it is always the same.
type Division struct {
	Plan   *Plan // with the sessions of all shards, in order; some are pieces of a session
	Of     []int // the shard of each session, from 1
	Total  int
	Digest string // of the plan's text and of the shard of each session
}

// Took returns the duration of an exercise in an earlier run, if it is known.
type Took func(*Session, *Exercise) (time.Duration, bool)

// Divide divides the sessions of a plan among a number of shards: the longest first, each to the shard
// with the least to do so far. An unknown session is as long as the median of the known ones; if none
// is known, all are equally long. Sessions of the same length are taken in the order of a stable
// hash. A session that is longer than an equal share is cut, if it can be.
func (p *Plan) Divide(total int, took Took) *Division {
	whole := *p
	whole.Sessions = cut(p.Sessions, total, took)
	d := &Division{Plan: &whole, Of: make([]int, len(whole.Sessions)), Total: total}
	lengths := lengthsOf(whole.Sessions, took)
	order, hashes := make([]int, len(d.Of)), make([]string, len(d.Of))
	for i, s := range whole.Sessions {
		order[i], hashes[i] = i, hashOf(s.deckName(), s.Name)
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(lengths[b], lengths[a]), strings.Compare(hashes[a], hashes[b]))
	})
	free := make(queue, min(total, len(d.Of))) // the shards behind them stay empty
	for i := range free {
		free[i].shard = i + 1
	}
	for _, i := range order {
		d.Of[i] = free[0].shard
		free[0].length += lengths[i]
		heap.Fix(&free, 0)
	}
	d.Digest = d.digest()
	return d
}

// Shard is the part of the plan for a shard, from 1. It may have no session.
func (d *Division) Shard(index int) *Plan {
	part := *d.Plan
	part.Sessions = nil
	for i, s := range d.Plan.Sessions {
		if d.Of[i] == index {
			part.Sessions = append(part.Sessions, s)
		}
	}
	return &part
}

// digest identifies the division: the text of the plan, and the shard of each session.
func (d *Division) digest() string {
	parts := []string{fmt.Sprint(d.Total)}
	for i, s := range d.Plan.Sessions {
		parts = append(parts, "session", fmt.Sprint(d.Of[i]), s.deckName(), s.Name, s.Workdir)
		for _, e := range s.Exercises {
			parts = append(parts, "exercise", e.ID, fmt.Sprint(e.Setup))
			for _, step := range e.Steps {
				parts = append(parts, step.Directive, step.Args, step.Text)
			}
		}
	}
	return hashOf(parts...)
}

// hashOf is short enough to read, and long enough to be unique.
func hashOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func (s *Session) deckName() string {
	if s.Deck == nil {
		return ""
	}
	return s.Deck.Name
}

// queued is the length of all sessions of a shard.
type queued struct {
	shard  int
	length int64
}

// queue is a heap: the first one has the least to do.
type queue []queued

func (l queue) Len() int      { return len(l) }
func (l queue) Swap(i, j int) { l[i], l[j] = l[j], l[i] }
func (l queue) Push(any)      {} // the heap keeps its size
func (l queue) Pop() any      { return nil }
func (l queue) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(l[i].length, l[j].length), cmp.Compare(l[i].shard, l[j].shard)) < 0
}

// longest is the longest duration of an exercise that is believed, so that sums of them are numbers.
const longest = 7 * 24 * time.Hour

// lengthsOf are the lengths of sessions in milliseconds; 1 for each if nothing is known.
func lengthsOf(sessions []*Session, took Took) []int64 {
	lengths, open := make([]int64, len(sessions)), make([]int64, len(sessions)) // exercises that are not known
	var exercises []int64
	for i, s := range sessions {
		for _, e := range s.Exercises {
			if d, ok := took(s, e); ok && d >= 0 {
				ms := min(d, longest).Milliseconds() + 1
				lengths[i] += ms
				exercises = append(exercises, ms)
			} else {
				open[i]++
			}
		}
	}
	each := median(exercises)
	var known []int64
	for i := range lengths {
		if lengths[i] > 0 {
			lengths[i] += open[i] * each
			known = append(known, lengths[i])
		}
	}
	other := median(known)
	for i := range lengths {
		if lengths[i] == 0 {
			lengths[i] = other
		}
	}
	return lengths
}

// median is the lower median; 1 of nothing.
func median(all []int64) int64 {
	if len(all) == 0 {
		return 1
	}
	all = slices.Sorted(slices.Values(all))
	return all[(len(all)-1)/2]
}

// cut cuts the sessions that are longer than the share of a shard.
func cut(sessions []*Session, total int, took Took) []*Session {
	if total < 2 {
		return sessions
	}
	lengths := lengthsOf(sessions, took)
	sum := int64(0)
	for _, l := range lengths {
		sum += l
	}
	var all []*Session
	for i, s := range sessions {
		if lengths[i]*int64(total) > sum {
			all = append(all, s.pieces()...)
		} else {
			all = append(all, s)
		}
	}
	return all
}

// pieces cuts a session at its chapters with needs. Such a chapter names all that it builds on, and
// can begin a session behind the chapters that it needs, as set-up. A chapter without needs builds on
// all chapters before it: no cut comes before it.
func (s *Session) pieces() []*Session {
	if slices.ContainsFunc(s.Exercises, func(e *Exercise) bool { return e.Setup }) { // they belong to exercises behind them
		return []*Session{s}
	}
	var groups [][]*markdown.Chapter
	for i, e := range s.Exercises {
		switch c := e.Chapter; {
		case i > 0 && s.Exercises[i-1].Chapter == c:
		case len(c.Needs) == 0:
			groups = [][]*markdown.Chapter{append(slices.Concat(groups...), c)}
		default:
			groups = append(groups, []*markdown.Chapter{c})
		}
	}
	var all []*Session
	for len(groups) > 1 {
		last := len(groups) - 1
		piece, ok := s.piece(groups[last])
		needed := needs(s.Deck, groups[last][0])
		spare := func(c *markdown.Chapter) bool { return !slices.Contains(needed, c) }
		if !ok || last == 1 && !slices.ContainsFunc(groups[0], spare) { // it would run all of the first piece again
			groups[last-1] = append(groups[last-1], groups[last]...)
		} else {
			piece.Name = groups[last][0].Name
			all = append(all, piece)
		}
		groups = groups[:last]
	}
	if len(all) == 0 {
		return []*Session{s}
	}
	first, _ := s.piece(groups[0]) // it begins as the session does
	all = append(all, first)
	slices.Reverse(all)
	for _, piece := range all {
		piece.link(nil) // misplaced steps have been reported
	}
	return all
}

// piece is the part of a session with the exercises of some chapters, and of those that they need. It
// is none if it would begin in the middle of another exercise's program.
func (s *Session) piece(chapters []*markdown.Chapter) (*Session, bool) {
	piece, errs := *s, markdown.ErrorList{}
	piece.narrow(func(e *Exercise) bool { return slices.Contains(chapters, e.Chapter) }, false, &errs)
	first := slices.IndexFunc(piece.Exercises, func(e *Exercise) bool { return !e.Setup })
	return &piece, len(errs) == 0 && piece.Exercises[first].beginning() == nil
}
