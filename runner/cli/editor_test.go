package cli

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"workshop/runner"
)

// neovimScript plays an author in Neovim, with its own client: it opens a slide, reads the
// diagnostics, repairs the slide, asks for help, and leaves.
const neovimScript = `
local out = {}
local function say(...) table.insert(out, table.concat({...}, ' ')) end
vim.cmd('edit ' .. vim.fn.fnameescape(vim.env.DECK))
local buf = vim.api.nvim_get_current_buf()
local id = vim.lsp.start_client({ name = 'workshop', cmd = { vim.env.WORKSHOP, 'lsp' }, root_dir = vim.fn.fnamemodify(vim.env.DECK, ':h') })
vim.lsp.buf_attach_client(buf, id)
local function await(what, condition)
  if not vim.wait(20000, condition, 10) then say('no ' .. what) end
end
local function show()
  for _, d in ipairs(vim.diagnostic.get(buf)) do
    say(('%d:%d %s %s'):format(d.lnum, d.col, d.source, d.message))
  end
end
await('diagnostics', function() return #vim.diagnostic.get(buf) > 0 end)
show()
vim.api.nvim_buf_set_text(buf, 6, 12, 6, 16, { 'wait' })
await('repair', function() return #vim.diagnostic.get(buf) == 0 end)
local function ask(method, line, character)
  local params = { textDocument = vim.lsp.util.make_text_document_params(buf), position = { line = line, character = character } }
  local answers, err = vim.lsp.buf_request_sync(buf, method, params, 20000)
  if err or not answers[id] or answers[id].err then say(method, err or vim.inspect(answers)); return {} end
  return answers[id].result or {}
end
say((ask('textDocument/hover', 3, 4).contents or {}).value or 'no hover')
vim.api.nvim_buf_set_lines(buf, 7, 7, false, { '` + "```" + `ke' })
for i, item in ipairs(ask('textDocument/completion', 7, 5).items or {}) do
  if i <= 3 then say('complete', item.label) end
end
for _, s in ipairs(ask('textDocument/documentSymbol', 0, 0)) do say('symbol', s.name) end
for _, l in ipairs(ask('textDocument/codeLens', 0, 0)) do say('lens', l.command.title) end
vim.lsp.stop_client(id)
await('end', function() return vim.lsp.client_is_stopped(id) end)
io.stdout:write(table.concat(out, '\n') .. '\n')
vim.cmd('qa!')
`

// TestNeovim connects a real editor to the language server.
func TestNeovim(t *testing.T) {
	nvim, err := exec.LookPath("nvim")
	if err != nil {
		if os.Getenv("REQUIRE_NEOVIM") != "" {
			t.Fatal(err)
		}
		t.Skip("Neovim is not installed")
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	deck, script, product := filepath.Join(dir, "talk.md"), filepath.Join(dir, "author.lua"), filepath.Join(dir, "workshop")
	const text = "# 😀 Talk\n\n.exercise[\n```bash\nseq 7\n```\n<!-- 😀```wiat 6``` -->\n]\n"
	for name, content := range map[string]string{deck: text, script: neovimScript} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(exe, product); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, nvim, "--headless", "--clean", "-n", "-S", script)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "LANG=C.UTF-8", "TERM=dumb", "DECK=" + deck, "WORKSHOP=" + product}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got := strings.ReplaceAll(string(out), "\r", "")
	want := strings.ReplaceAll(`6:9 workshop unknown directive "wiat" (did you mean "wait"?)
**bash**: SUMMARY

''''
'''bash
COMMANDS
'''
''''

Types

'''
seq 7^M
'''

Condition: 'should the command end by itself, then with status 0', within 2m0s
complete bash
complete hide
complete wait
symbol 😀 Talk
lens workshop: talk/talk
`, "'", "`")
	want = strings.Replace(want, "SUMMARY", runner.Directives()[0].Summary, 1)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
