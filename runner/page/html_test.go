package page

import "testing"

func TestSlideHTML(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"text", "a *b* **c** `d<e>` & <b>f</b>", "<p>a <em>b</em> <strong>c</strong> <code>d&lt;e&gt;</code> &amp; f</p>"},
		{
			"links", "[a](http://x/?q=1&r=\"2\") [b](mailto:a@b) [c](#d)",
			`<p><a href="http://x/?q=1&amp;r=&#34;2&#34;" target="_blank" rel="noopener noreferrer">a</a> ` +
				`<a href="mailto:a@b" target="_blank" rel="noopener noreferrer">b</a> <a href="#d">c</a></p>`,
		},
		{"no links", "[a](javascript:x) [b](//x/y) [c](data:x) [d](file:///x) [e](other.md) [f](http:x)", "<p>a b c d e f</p>"},
		{
			"bare", "see http://x/y. Or https://",
			`<p>see <a href="http://x/y" target="_blank" rel="noopener noreferrer">http://x/y</a>. Or https://</p>`,
		},
		{
			"pictures", "![a](p/q.png) ![b](../q.png) ![c](/q.png) ![d](http://x/q.png) ![e](q.html)",
			`<p><img src="file/p/q.png" alt="a"> b c <a href="http://x/q.png" target="_blank" rel="noopener noreferrer">d</a> e</p>`,
		},
		{"classes", ".small[a] .no\"pe[b]", `<p><span class="c-small">a</span> .no&#34;pe[b]</p>`},
		{
			"code", "```go\nif x < 1 { }\n```",
			`<pre tabindex="0" class="code"><code><span class="t-k">if</span> x &lt; <span class="t-n">1</span> { }</code></pre>`,
		},
		{"table", "| a | b |\n|---|--:|\n| 1 | 2 |", `<div class="scroll" tabindex="0">` +
			`<table><thead><tr><th>a</th><th class="right">b</th></tr></thead>` +
			`<tbody><tr><td>1</td><td class="right">2</td></tr></tbody></table></div>`},
		{"control", "a\x1b]0;t\x07b\u202ec", "<p>a\ufffd]0;t\ufffdbc</p>"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Text(tt.text); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// TestAddresses makes whole links of addresses with dots, and no link within a link.
func TestAddresses(t *testing.T) {
	for source, want := range map[string]string{
		"https://example.com/container.training.": `<p><a href="https://example.com/container.training" target="_blank" ` +
			`rel="noopener noreferrer">https://example.com/container.training</a>.</p>`,
		"<https://example.com/a.b/c>": `<p><a href="https://example.com/a.b/c" target="_blank" ` +
			`rel="noopener noreferrer">https://example.com/a.b/c</a></p>`,
		"`www.example.org` [www.example.org](#a)": `<p><code>www.example.org</code> <a href="#a">www.example.org</a></p>`,
		".warning[See www.example.org]": `<div class="c-warning"><p>See <a href="http://www.example.org" target="_blank" ` +
			`rel="noopener noreferrer">www.example.org</a></p></div>`,
		"```\nwww.example.org\n```": `<pre tabindex="0" class="code"><code>www.example.org</code></pre>`,
	} {
		if got := Text(source); got != want {
			t.Errorf("%s: %s", source, got)
		}
	}
}
