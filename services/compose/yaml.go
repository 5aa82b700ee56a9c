package compose

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// pythonYAML writes a document as PyYAML does, which V1's `config` uses: sorted keys, lists no
// deeper than their key, single quotes, long texts on several lines. A $ is doubled, so that the
// document can be read again.
func pythonYAML(document map[string]any) string {
	var b strings.Builder
	yamlMapping(&b, document, 0, false)
	return b.String()
}

func yamlMapping(b *strings.Builder, m map[string]any, depth int, inList bool) {
	for i, key := range slices.Sorted(maps.Keys(m)) {
		if i > 0 || !inList {
			b.WriteString(strings.Repeat("  ", depth))
		}
		name := yamlScalar(key, 0, unfolded)
		b.WriteString(name + ":")
		yamlValue(b, key, m[key], depth, 2*depth+utf8.RuneCountInString(name)+2)
	}
}

// yamlValue writes the value of a key. column is the one where it begins, unless it needs more lines.
func yamlValue(b *strings.Builder, key string, value any, depth, column int) {
	switch v := plain(key, value).(type) {
	case map[string]any:
		if len(v) == 0 {
			b.WriteString(" {}\n")
			return
		}
		b.WriteByte('\n')
		yamlMapping(b, v, depth+1, false)
	case []any:
		if len(v) == 0 {
			b.WriteString(" []\n")
			return
		}
		b.WriteByte('\n')
		for _, element := range v {
			b.WriteString(strings.Repeat("  ", depth) + "- ")
			if m, ok := plain("", element).(map[string]any); ok && len(m) > 0 {
				yamlMapping(b, m, depth+1, true)
			} else {
				b.WriteString(yamlScalar(plain("", element), 2*depth+2, 2*depth+2) + "\n")
			}
		}
	default:
		b.WriteString(" " + yamlScalar(v, column, 2*depth+2) + "\n")
	}
}

// plain converts the value of a service's attribute to its printed form.
func plain(key string, value any) any {
	switch v := value.(type) {
	case legacyPort:
		return v.yaml()
	case legacyVolume:
		return v.yaml()
	case legacySecurity:
		return string(v)
	case int64:
		if key == "interval" || key == "timeout" || key == "start_period" {
			return yamlDuration(time.Duration(v))
		}
	case map[string]any:
		if name, ok := v["Name"]; ok && key == "restart" {
			if n, _ := v["MaximumRetryCount"].(int); n > 0 {
				return fmt.Sprintf("%v:%d", name, n)
			}
			return name
		}
	}
	return value
}

// yamlDuration formats a duration as a whole number of the largest possible unit.
func yamlDuration(d time.Duration) string {
	n, unit := int64(d), "ns"
	for _, step := range []struct {
		factor int64
		unit   string
	}{{1000, "us"}, {1000, "ms"}, {1000, "s"}, {60, "m"}, {60, "h"}} {
		if n%step.factor != 0 {
			break
		}
		n, unit = n/step.factor, step.unit
	}
	return strconv.FormatInt(n, 10) + unit
}

// yamlScalar formats a value that begins in a column. Its further lines have an indent.
func yamlScalar(value any, column, indent int) string {
	text, ok := value.(string)
	if !ok {
		switch v := value.(type) {
		case nil:
			return "null"
		case float64:
			return strconv.FormatFloat(v, 'g', -1, 64)
		}
		return fmt.Sprint(value)
	}
	text = strings.ReplaceAll(text, "$", "$$")
	f := &folder{text: []rune(text), column: column, indent: indent}
	switch {
	case yamlBoolean().MatchString(text), yamlSpecial().MatchString(text):
		return f.doubleQuoted()
	case text == "", yamlOther().MatchString(text), yamlIndicator().MatchString(text), strings.Contains(text, ": "),
		strings.Contains(text, " #"), strings.HasSuffix(text, ":"), strings.Trim(text, " ") != text, strings.ContainsAny(text, yamlBreaks):
		return f.singleQuoted()
	}
	return f.plain()
}

var (
	yamlBoolean = expression(`(?i)^(y|n|yes|no|on|off|true|false)$`)
	// yamlOther matches text that is a number, a date or null in YAML 1.1.
	yamlOther = expression(`^([-+]?[0-9][0-9_,]*(:[0-5]?[0-9])*(\.[0-9_]*)?([eE][-+][0-9]+)?|[-+]?\.[0-9_]+|0[xb][0-9a-fA-F_]+|` +
		`\d{4}-\d\d-\d\d|\d{4}-\d\d?-\d\d?([Tt]|[ \t]+)\d\d?:\d\d:\d\d(\.\d*)?([ \t]*(Z|[-+]\d\d?(:\d\d)?))?|` +
		`[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)|~|null|Null|NULL|=|<<)$`)
	// yamlSpecial matches text that needs escapes: with a character that is not printable, or with
	// blanks beside a line break.
	yamlSpecial = expression(`[^\n -~\x{85}\x{a0}-\x{d7ff}\x{e000}-\x{fefe}\x{ff00}-\x{fffd}\x{10000}-\x{10fffe}]|` +
		` [` + yamlBreaks + `]|[` + yamlBreaks + `] `)
	yamlIndicator = expression("^([-?:](\\s|$)|---|\\.\\.\\.|[,\\[\\]{}#&*!|>'\"%@`])")
)
