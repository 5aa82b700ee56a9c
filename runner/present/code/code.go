// Package code tells the parts of a block of code apart, for faces that colour them. Its work is
// bounded: the expressions of the lexers look back and ahead, and a deck may have them do so for long.
package code

import (
	"strings"
	"time"

	"github.com/alecthomas/chroma/v2"

	"workshop/runner/present/lexers"
)

// Class is the kind of a part of code. There are few: more would be a fairground.
type Class int

// The classes.
const (
	Plain Class = iota
	Comment
	Keyword
	String
	Number
	Function  // built in or not
	Type      // a class
	Tag       // of markup
	Attribute // of a tag
	Variable
	Operator
	Inserted // of a diff
	Deleted  // of a diff
)

// classes are the classes of the kinds of tokens. A kind that is not in it has the class of
// the kinds that it belongs to.
var classes = map[chroma.TokenType]Class{
	chroma.Comment:         Comment,
	chroma.GenericPrompt:   Comment,
	chroma.Keyword:         Keyword,
	chroma.LiteralString:   String,
	chroma.LiteralNumber:   Number,
	chroma.NameBuiltin:     Function,
	chroma.NameFunction:    Function,
	chroma.NameClass:       Type,
	chroma.NameTag:         Tag,
	chroma.NameAttribute:   Attribute,
	chroma.NameVariable:    Variable,
	chroma.Operator:        Operator,
	chroma.GenericInserted: Inserted,
	chroma.GenericDeleted:  Deleted,
}

// Run is a part of a block.
type Run struct {
	Class Class
	Text  string
}

// The bounds. A block that exceeds one of them is plain as a whole.
const (
	// maxBlock is the size of a block, in bytes.
	maxBlock = 8 << 10
	// maxWhole is the size of a block for the few lexers that read all of it before they give the first token.
	maxWhole = 1 << 10
	// maxEmpty is how many tokens without text may follow one another.
	maxEmpty = 1000
	// maxTime is the time for all blocks of a slide. One token more may be read after it is over.
	// A block of maxBlock that is not hostile takes up to 60 ms: the colours of a page must not
	// depend on how busy or slow the machine is.
	maxTime = time.Second
)

// Budget is the time for the blocks of one slide. The zero value has all of it.
type Budget struct {
	spent time.Duration
	now   func() time.Time // nil: time.Now
}

// Runs are the parts of a block in a language, by one of the names that it has in a fence.
// Their texts together are the block.
func (b *Budget) Runs(language, block string) []Run {
	if language != "" && len(block) <= maxBlock && b.spent < maxTime {
		if lexer := lexers.Get(language); lexer != nil {
			return b.read(lexer, block)
		}
	}
	return []Run{{Plain, block}}
}

// read has a lexer read a block.
func (b *Budget) read(lexer chroma.Lexer, block string) (runs []Run) {
	plain := []Run{{Plain, block}}
	if _, lazy := lexer.(*chroma.RegexLexer); !lazy && len(block) > maxWhole {
		return plain
	}
	now := b.now
	if now == nil {
		now = time.Now
	}
	begun, before := now(), b.spent
	defer func() {
		b.spent = before + now().Sub(begun)
		if recover() != nil { // some lexers do so on text that they do not expect
			runs = plain
		}
	}()
	next, err := lexer.Tokenise(&chroma.TokeniseOptions{State: "root"}, block)
	if err != nil {
		return plain
	}
	from, at, empty := 0, 0, 0 // where the last run begins and ends, and the empty tokens since then
	for t := next(); t != chroma.EOF; t = next() {
		if before+now().Sub(begun) >= maxTime {
			return plain
		}
		text := t.Value
		if len(text) > len(block)-at {
			text = strings.TrimSuffix(text, "\n") // the lexer has added it
		}
		if !strings.HasPrefix(block[at:], text) {
			return plain // it differs from the text of the deck
		}
		if text == "" {
			if empty++; empty > maxEmpty {
				return plain // some lexers go round in a circle
			}
			continue
		}
		empty = 0
		class, last := classOf(t.Type), len(runs)-1
		if last < 0 || runs[last].Class != class {
			runs = append(runs, Run{Class: class})
			from, last = at, last+1
		}
		at += len(text)
		runs[last].Text = block[from:at]
	}
	if at < len(block) || at == 0 {
		return plain
	}
	return runs
}

func classOf(t chroma.TokenType) Class {
	for _, kind := range []chroma.TokenType{t, t.SubCategory(), t.Category()} {
		if class, ok := classes[kind]; ok {
			return class
		}
	}
	return Plain
}
