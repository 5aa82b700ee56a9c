package web

import (
	"strings"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/lexers"
)

// maxCode is how much code is coloured, in bytes; what is longer is plain.
const maxCode = 8 << 10

// colors are the classes of the kinds of tokens. More would be a fairground.
var colors = map[chroma.TokenType]string{
	chroma.Keyword:             "k",
	chroma.NameBuiltin:         "f",
	chroma.NameFunction:        "f",
	chroma.NameTag:             "k",
	chroma.NameAttribute:       "v",
	chroma.NameVariable:        "v",
	chroma.LiteralString:       "s",
	chroma.LiteralNumber:       "n",
	chroma.Comment:             "m",
	chroma.GenericDeleted:      "d",
	chroma.GenericInserted:     "s",
	chroma.GenericPrompt:       "m",
	chroma.LiteralStringSymbol: "n",
}

// highlight writes code in colours.
func highlight(b *strings.Builder, lang, text string) {
	lexer := lexers.Get(lang)
	if lang == "" || lexer == nil || len(text) > maxCode {
		b.WriteString(escape(text))
		return
	}
	tokens, err := chroma.Coalesce(lexer).Tokenise(&chroma.TokeniseOptions{State: "root"}, text)
	if err != nil {
		b.WriteString(escape(text))
		return
	}
	for t := tokens(); t != chroma.EOF; t = tokens() {
		class := colors[t.Type]
		if class == "" {
			class = colors[t.Type.SubCategory()]
		}
		if class == "" {
			class = colors[t.Type.Category()]
		}
		if class == "" {
			b.WriteString(escape(t.Value))
			continue
		}
		b.WriteString(`<span class="t-` + class + `">` + escape(t.Value) + `</span>`)
	}
}
