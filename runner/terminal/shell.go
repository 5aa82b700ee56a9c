package terminal

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// rc makes an interactive bash (4.4 or later, for PS0) report where its commands
// begin and end. \# is bash's own command number: it tells a command that ran from
// a comment, and a replayed mark from a new one. PROMPT_COMMAND only puts back what
// a snippet changed; where standard error was redirected, and the prompt with it,
// it reports on the terminal itself (mark E; there \# is one less than in a prompt).
const rc = `
if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then echo "bash 4.4 or later is needed, this is $BASH_VERSION"; exit 1; fi
__workshop_prompt() {
  if [[ ${PS1-} != *'D;$?;\#;TOKEN'*'B;TOKEN'* ]]; then PS1='\[\e]133;D;$?;\#;TOKEN\a\]'"${PS1-}"'\[\e]133;B;TOKEN\a\]'; fi
  if [[ ${PS2-} != *'2;TOKEN'* ]]; then PS2="${PS2-}"'\[\e]133;2;TOKEN\a\]'; fi
  if [[ ${PS0-} != *'C;\#;TOKEN'* ]]; then PS0="${PS0-}"'\e]133;C;\#;TOKEN\a'; fi
  if [[ ! -t 9 ]]; then local n='\#'; printf '\e]133;E;%s;%s;TOKEN\a' "$1" $((${n@P} + 1)) >/dev/tty; fi
}
PROMPT_COMMAND='{ __workshop_prompt $?; } 9>&2 2>/dev/null'
PS1='$ '
PS2='> '
PS0=
set +H
unset HISTFILE MAILCHECK
`

// inputrc keeps the line editor from decorating what is typed.
const inputrc = `set bell-style none
set enable-bracketed-paste on
set enable-active-region off
set colored-stats off
set show-mode-in-prompt off
`

// writeStartup writes the shell's start-up files to dir and returns its command line.
func writeStartup(shell, dir, token string) (argv, env []string, err error) {
	rcFile, inFile := filepath.Join(dir, "bashrc"), filepath.Join(dir, "inputrc")
	for name, text := range map[string]string{rcFile: strings.ReplaceAll(rc, "TOKEN", token), inFile: inputrc} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			return nil, nil, fmt.Errorf("write the shell's start-up file: %w", err)
		}
	}
	return []string{shell, "--noprofile", "--rcfile", rcFile, "-i"}, []string{"INPUTRC=" + inFile}, nil
}

// mark is a parsed OSC 133 of our own shell.
type mark struct {
	kind   byte
	status int // D, E
	number int // C, D: bash's command number
}

// parseMark reads "133;KIND[;STATUS][;NUMBER];TOKEN". A foreign token is no mark.
func parseMark(osc, token string) (m mark, ok bool) {
	body, ok := strings.CutPrefix(osc, "133;")
	if !ok {
		return m, false
	}
	body, ok = strings.CutSuffix(body, ";"+token)
	if !ok || body == "" {
		return m, false
	}
	m.kind = body[0]
	var err error
	switch m.kind {
	case 'B', '2':
	case 'C':
		_, err = fmt.Sscanf(body, "C;%d", &m.number)
	case 'D', 'E':
		_, err = fmt.Sscanf(body[1:], ";%d;%d", &m.status, &m.number)
	default:
		return m, false
	}
	return m, err == nil
}
