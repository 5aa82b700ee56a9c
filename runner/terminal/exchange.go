package terminal

// exchange is a dialogue with a nested shell, which is not shown: its bytes are held back
// until it is over.
type exchange struct {
	dialogue
	held []byte
}

// dialogue is the kind of an exchange: a probe or a question.
type dialogue interface {
	// read looks for the end of the dialogue in its bytes. When it is over, the prompt's
	// exchange is nil or another one, and shown are the bytes that were none of it.
	read(held []byte, p *prompt) (shown []byte, over bool)
	// fail notes that it will not end.
	fail(p *prompt)
}

// maxHeld bounds the bytes of an exchange.
const maxHeld = 64 << 10

// reveal holds back the bytes of an exchange, and returns the others.
func (p *prompt) reveal(b []byte) []byte {
	for p.exchange != nil && len(b) > 0 {
		e := p.exchange
		e.held = append(e.held, b...)
		shown, over := e.read(e.held, p)
		switch {
		case over:
			b = shown
		case len(e.held) > maxHeld:
			b = p.giveUp()
		default:
			return nil
		}
	}
	return b
}

// nextMark is the first operating system command of a mark's form in held bytes, from an offset
// on, and its end.
func nextMark(held []byte, from int) (osc string, end int, ok bool) {
	i := promptMarks().FindIndex(held[from:])
	if i == nil {
		return "", from, false
	}
	end = from + i[1]
	return string(held[from+i[0]+len("\x1b]") : end-len("\a")]), end, true
}

// giveUp ends the exchange without a result, and returns its bytes.
func (p *prompt) giveUp() (held []byte) {
	e := p.exchange
	p.exchange = nil
	e.fail(p)
	return e.held
}
