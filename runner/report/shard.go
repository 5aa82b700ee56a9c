package report

import "workshop/runner"

// Shard is a part of a run: one of several processes that run a part of the plan each.
type Shard struct {
	Index, Total int              // the index counts from 1
	Division     *runner.Division // nil: the run did not come so far
	// AllowFlaky and Strict are the options of the run, by which merged verdicts are judged.
	AllowFlaky, Strict bool
}

// nameless begins the id of a run for which nobody gave one.
const nameless = "plan-"

// NamelessRun is the id of a run for which nobody gave one: the same for all its shards, and for a
// later run of the same division.
func NamelessRun(d *runner.Division) string { return nameless + d.Digest }

// shardRecord is the shard of a report, with the plan of all shards.
type shardRecord struct {
	Index      int         `json:"index"`
	Total      int         `json:"total"`
	Digest     string      `json:"digest,omitempty"`
	Whole      *planRecord `json:"whole,omitempty"`
	AllowFlaky bool        `json:"allow_flaky,omitempty"`
	Strict     bool        `json:"strict,omitempty"`
}

func (s *Shard) record() *shardRecord {
	if s == nil {
		return nil
	}
	r := &shardRecord{Index: s.Index, Total: s.Total, AllowFlaky: s.AllowFlaky, Strict: s.Strict}
	if d := s.Division; d != nil {
		r.Digest, r.Whole = d.Digest, recordPlan(d.Plan)
		for i := range r.Whole.Sessions {
			r.Whole.Sessions[i].Shard = d.Of[i]
		}
	}
	return r
}
