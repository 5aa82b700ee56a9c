package terminal

import (
	"bytes"
	"fmt"

	"workshop/markdown/lazy"
)

// question asks a nested shell without a key for mark S for that mark: by a line. The answer,
// like that to [syncKey], proves that the shell has processed every interrupt before it: an
// interrupt under way takes the whole line, and brings a prompt instead.
type question struct {
	asked  int  // the number of the last line
	answer bool // mark S came, and the prompt behind it not yet
	seen   int  // the number of held bytes that are parsed
}

// maxQuestions bounds the lines typed to a shell. Each interrupt takes one line at most.
const maxQuestions = 10

var (
	promptMarks = lazy.Regexp(`\x1b\]133;[^\a]*\a`)
	// exchanged matches the whole output of a question: prompts, lines and their echo.
	exchanged = lazy.Regexp(`(?s)\x1b\]133;D;[^\a]*\a.*?\x1b\]133;B;.;[^\a]*\a|` +
		`\x1b\]133;[^\a]*\a|\x1b\[[0-9;?]*[A-Za-z]|\^C|__s [0-9]+`)
)

// askLines begins a question.
func (p *prompt) askLines() {
	q := &question{}
	p.exchange = &exchange{dialogue: q}
	q.ask(p)
}

// ask types the next line.
func (q *question) ask(p *prompt) {
	q.asked++
	p.keyboard.send(fmt.Appendf(nil, " __s %d\r", q.asked))
}

// again types another line if the shell is silent: an interrupt has taken the last one without a
// prompt in its place. The answer to that line, if it comes after all, is an earlier one.
func (q *question) again(p *prompt) {
	if q.asked > 0 && q.asked < maxQuestions {
		q.ask(p)
	}
}

// read waits for the answer and the prompt behind it. It shows the output of other programs,
// and the bytes behind that prompt.
func (q *question) read(held []byte, p *prompt) (shown []byte, over bool) {
	for {
		osc, end, ok := nextMark(held, q.seen)
		if !ok {
			return nil, false
		}
		q.seen = end
		m, level, ok := p.parse(osc)
		switch {
		case !ok:
		case level < len(p.nested): // the shell has ended
			return p.giveUp(), true
		case m.kind == 'S':
			q.answer = true
			if m.number == q.asked {
				q.asked = 0
			}
		case m.kind == 'B' && q.asked == 0:
			p.exchange = nil
			other := exchanged().ReplaceAll(held[:end], nil)
			p.proved()
			if len(bytes.TrimSpace(other)) == 0 {
				other = nil
			}
			return append(other, held[end:]...), true
		case m.kind == 'B' && q.answer: // to an earlier line
			q.answer = false
		case m.kind == 'B' && q.asked < maxQuestions: // the interrupt took the line
			q.ask(p)
		case m.kind == 'B':
			return p.giveUp(), true
		}
	}
}

// fail takes the prompt for one that reads.
func (q *question) fail(p *prompt) { p.proved() }

// asks reports whether the nested shell answers the line of a question, and not a key.
func (p *prompt) asks() bool {
	n := len(p.nested)
	return n > 0 && !p.nested[n-1].edits
}
