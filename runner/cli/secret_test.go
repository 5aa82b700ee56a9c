package cli

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"workshop/runner/report"
)

// printsSecrets is a deck that prints the variable CANARY in each encoding, split between reads,
// wrapped by the terminal, written from right to left, and in failures.
const printsSecrets = "## Prints\n\n.exercise[\n```bash\n" +
	`echo "plain $CANARY"; echo "x$CANARY" | base64; echo "xy$CANARY" | base64; echo "$CANARY" | base64 -w0; echo
printf %s "$CANARY" | od -An -tx1 -v | tr -d ' \n'; echo
printf %s "$CANARY" | od -An -tx1 -v | tr -d ' \n' | tr a-f A-F; echo
for ((i = 0; i < ${#CANARY}; i++)); do printf "%s" "${CANARY:i:1}"; sleep 0.003; done; echo
for ((i = 0; i < ${#CANARY}; i++)); do printf "\e[3$((i % 8))m%s" "${CANARY:i:1}"; done; printf '\e[m\n'
` + "```\n]\n\n---\n\n## Draws\n\n.exercise[\n```bash\n" + `printf '%070d%s\n' 0 "$CANARY"
for ((i = ${#CANARY} - 1; i >= 0; i--)); do printf '\e[%dG%s' $((i + 1)) "${CANARY:i:1}"; done; echo
printf '%q\n' "$CANARY"; cat "$ENCODED"
` + "```\n]\n\n---\n\n## Fails\n\n.exercise[\n```bash\n" + `echo "$CANARY"; printf '%4090d' 0 >/dev/null; echo "${CANARY}"
` + "```\n```wait nothing like it```\n]\n\n---\n\n## Splits\n\n.exercise[\n```bash\n" +
	`echo "read""y"; printf '%s' "${CANARY:0:11}"; sleep 0.4; printf '%s\n' "${CANARY:11}"; false
` + "```\n```wait ready```\n]\n"

const canary = `c4n4ry/S3cr&t'<key>+tail`

// canaryForms are texts that no artefact may hold, and parts of them.
func canaryForms(t *testing.T) map[string]string {
	t.Helper()
	quoted, err := json.Marshal(canary)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{
		"plain": canary, "hex": hex.EncodeToString([]byte(canary)), "HEX": strings.ToUpper(hex.EncodeToString([]byte(canary))),
		"URL": url.QueryEscape(canary), "JSON": string(quoted[1 : len(quoted)-1]), "the first half": canary[:12], "the second half": canary[12:],
		"for the shell": `c4n4ry/S3cr\&t\'\<key\>+tail`, "HTML": "c4n4ry/S3cr&amp;t&#39;&lt;key&gt;+tail", "reversed JSON": `S3cr\u0026t`,
	}
	for i, before := range []string{"", "x", "xy"} {
		text := base64.StdEncoding.EncodeToString([]byte(before + canary))
		all["base64 "+before] = text[(i*8+5)/6 : (i+len(canary))*8/6]
	}
	return all
}

// TestSecretNowhere runs a deck that prints a secret in all its encodings, and looks for it in
// everything that the program writes.
func TestSecretNowhere(t *testing.T) {
	dir := t.TempDir()
	encoded := filepath.Join(t.TempDir(), "encoded")
	forms := canaryForms(t)
	var text strings.Builder
	for _, f := range []string{"URL", "JSON", "plain"} {
		text.WriteString(forms[f] + "\n")
	}
	for name, content := range map[string]string{
		encoded: text.String(), filepath.Join(dir, "deck.md"): printsSecrets,
		filepath.Join(dir, "workshop.yml"): "secrets: [CANARY]\ncontent: [deck.md]\n",
	} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{
		"flag":     {"check", "deck.md", "--secret", "CANARY"},
		"manifest": {"check", "workshop.yml"},
		"retries":  {"check", "deck.md", "--secret", "CANARY", "--retries", "1"},
		"repeat":   {"check", "deck.md", "--secret", "CANARY", "--repeat", "2"},
		"run":      {"run", "--keep-going", "deck.md", "--secret", "CANARY", "--network", "private"},
	} {
		t.Run(name, func(t *testing.T) {
			out := t.TempDir()
			args := append(args, "--wait", "300ms", "--env", "CANARY", "--env", "ENCODED", "--record", filepath.Join(out, "casts"))
			for _, format := range report.FileFormats() {
				args = append(args, "--report", format+"="+filepath.Join(out, format))
			}
			run := func(want int, args ...string) {
				t.Helper()
				cmd := exec.CommandContext(t.Context(), exe, args...)
				cmd.Args[0], cmd.Dir = "workshop", dir
				cmd.Env = append(os.Environ(), "CANARY="+canary, "ENCODED="+encoded, "XDG_CACHE_HOME="+filepath.Join(out, "cache"),
					"GITHUB_STEP_SUMMARY="+filepath.Join(out, "summary"), "NO_COLOR=1")
				said, err := cmd.CombinedOutput()
				if cmd.ProcessState.ExitCode() != want {
					t.Fatalf("%q: %v\n%s", args, err, said)
				}
				if err := os.WriteFile(filepath.Join(out, "said-"+args[0]), said, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			run(exitFailed, args...)
			cast := ""
			searched := 0
			look := func(name string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				b, err := os.ReadFile(name)
				if err != nil {
					return err
				}
				searched++
				if strings.HasSuffix(name, ".cast") {
					cast = name
				}
				for what, form := range forms {
					if i := bytes.Index(b, []byte(form)); i >= 0 {
						t.Errorf("%s holds it: %s: …%q…", strings.TrimPrefix(name, out), what, b[max(0, i-60):min(len(b), i+60)])
					}
				}
				if base := filepath.Base(name); (base == "jsonl" || base == "html" || base == "junit") && !bytes.Contains(b, []byte("***")) {
					t.Errorf("%s masks nothing", base)
				}
				return nil
			}
			if err := filepath.WalkDir(out, look); err != nil {
				t.Fatal(err)
			}
			if searched < 10 || cast == "" {
				t.Fatalf("%d files, the recording %q", searched, cast)
			}
			for _, args := range [][]string{
				{"export", "svg", cast, filepath.Join(out, "one.svg")},
				{"export", "cast2", cast, filepath.Join(out, "one.cast2")},
				{"export", "handout", filepath.Join(out, "jsonl"), filepath.Join(out, "handout.md")},
				{"export", "handout", filepath.Join(out, "jsonl"), filepath.Join(out, "handout.html")},
			} {
				run(exitPassed, args...)
			}
			run(exitFailed, "report", "render", filepath.Join(out, "jsonl"), "--report", "html="+filepath.Join(out, "later.html"))
			if err := filepath.WalkDir(out, look); err != nil {
				t.Fatal(err)
			}
		})
	}
}
