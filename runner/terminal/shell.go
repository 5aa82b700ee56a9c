package terminal

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// syncKey asks the line editor for a mark S (^^, which no terminal's own key sends and
// readline leaves free). It does nothing else.
const syncKey = "\x1e"

// rc makes an interactive bash (4.4 or later, for PS0) report the beginning and the end of
// its commands. \# is bash's own command number: it distinguishes a command that ran from a
// comment, and a new mark from a replayed one.
//
// PS1 carries the marks D and B, PS0 the mark C. The last element of PROMPT_COMMAND puts
// back the marks that a snippet changed: it is an array (bash 5.1), of which an assignment
// replaces the first element only. If standard error is no terminal, the prompt does not
// show: mark E on the terminal stands for it (there \# is one less than in a prompt). Its
// field 3 is p if the prompt goes to a pipe, behind which a program such as tee may still
// show it. Without promptvars a prompt cannot hold $?: it holds the status itself, and the
// command number of that status.
//
// The marks are looked for in the prompts only if a prompt or an option has changed since:
// __workshop_kept holds them as they were. This saves 30 µs a command. One test finds out whether
// there is anything to mend: each further command takes microseconds.
//
// A snippet may define functions of the builtins' names, or disable builtins: the functions
// here use only keywords, and printf, where there may be a program of that name.
//
// The command of the prompt and that of the key take $? in a redirection, since set -x shows every
// other place. If standard error is closed, that redirection fails: then the functions run without it.
//
// A closed standard input would end the shell, so it is opened again.
//
// Bash compares addresses to see whether \# stands in a prompt, and memory of an old prompt may
// serve again: so __workshop_number takes the least of three numbers.
//
// The answer to the key of mark S proves that the shell has processed every interrupt before
// the key: bash notices an interrupt at the moment of its prompt only at the next key. S carries
// the status as well, for a prompt without marks. Field 3 is 1 if the marks or the command of the
// prompt were missing, and field 4 if the prompt does not show.
const rc = `
if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then echo "bash 4.4 or later is needed, this is $BASH_VERSION"; exit 1; fi
. FUNCTIONS
__workshop_install
PS1='$ '
PS2='> '
PS0=
printf -v __workshop_file %q FUNCTIONS
for __workshop_map in emacs vi-insert vi-command; do
  bind -m $__workshop_map -x '"\036": { command . '"$__workshop_file"'; __workshop_sync; } 9>&$((__workshop_status = $?, 2)) 2>/dev/null ||
    { command . '"$__workshop_file"'; __workshop_sync; } 9>/dev/null 2>&9'
done
unset __workshop_map __workshop_file
set +H
unset HISTFILE MAILCHECK
`

// functions is the file of the functions. The key of mark S reads it again: a snippet may have
// removed or changed them.
const functions = `
__workshop_marks() {
  __workshop_d='$?' __workshop_b=e __workshop_p=${PS1-} __workshop_kept=
  if [[ :$BASHOPTS: != *:promptvars:* ]]; then __workshop_number; __workshop_d=$__workshop_status/$__workshop_n; fi
  if [[ :$SHELLOPTS: != *:emacs:* && :$SHELLOPTS: != *:vi:* ]]; then __workshop_b=n; fi
  __workshop_d='\[\e]133;D;'$__workshop_d';\#;TOKEN\a\]' __workshop_b='\[\e]133;B;'$__workshop_b';TOKEN\a\]'
  if [[ $__workshop_p != "$__workshop_d"*"$__workshop_b" ]]; then
    if [[ $__workshop_p == *'\[\e]133;D;'*';\#;TOKEN\a\]'* ]]; then __workshop_p=${__workshop_p#*';\#;TOKEN\a\]'}; fi
    if [[ $__workshop_p == *'\[\e]133;B;'?';TOKEN\a\]'* ]]; then
      __workshop_p=${__workshop_p%%'\[\e]133;B;'*}${__workshop_p##*'\[\e]133;B;'?';TOKEN\a\]'}
    fi
    PS1=$__workshop_d$__workshop_p$__workshop_b
  fi
  if [[ ${PS2-} != *'2;TOKEN'* ]]; then PS2="${PS2-}"'\[\e]133;2;TOKEN\a\]'; fi
  if [[ ${PS0-} != *'C;\#;TOKEN'* ]]; then PS0=${PS0-}'\e]133;C;\#;TOKEN\a'; fi
  if [[ -o emacs && $__workshop_d == *'D;$?;'* ]]; then __workshop_kept="$BASHOPTS;$PS1;$PS2;$PS0"; fi
}
__workshop_prompt() {
  if [[ ! -o emacs || "$BASHOPTS;${PS1-};${PS2-};${PS0-}" != "$__workshop_kept" || ! -t 0 || ! -t 9 ]]; then __workshop_mend; fi
  [[ x ]]
}
__workshop_mend() {
  __workshop_to=f
  if [[ ! -o emacs || "$BASHOPTS;${PS1-};${PS2-};${PS0-}" != "$__workshop_kept" ]]; then __workshop_marks; fi
  if [[ ! -e /dev/fd/0 ]]; then exec </dev/tty; fi
  if [[ ! -t 9 ]]; then
    if [[ -p /dev/fd/9 ]]; then __workshop_to=p; fi
    __workshop_number
    command printf '\e]133;E;%s;%s;%s;TOKEN\a' "$__workshop_status" $__workshop_n $__workshop_to >/dev/tty
  fi
}
__workshop_sync() {
  __workshop_lost=0 __workshop_away=0
  if [[ ! -t 9 && ! -p /dev/fd/9 ]]; then __workshop_away=1; fi
  if [[ ${PS1-} != *'D;'*';\#;TOKEN'*'B;'?';TOKEN'* || ${PROMPT_COMMAND[*]-} != *"$__workshop_prompt"* ]]; then
    __workshop_lost=1
    __workshop_install
    __workshop_marks
  fi
  __workshop_number
  command printf '\e]133;S;%s;%s;%s;%s;TOKEN\a' "$__workshop_status" $__workshop_n $__workshop_lost $__workshop_away >/dev/tty
  [[ x ]]
}
__workshop_number() {
  __workshop_n='\#' __workshop_m='\#                              ' __workshop_o='\#                                                  '
  __workshop_n=$((${__workshop_n@P} + 1)) __workshop_m=$((${__workshop_m@P} + 1)) __workshop_o=$((${__workshop_o@P} + 1))
  if ((__workshop_m < __workshop_n)); then __workshop_n=$__workshop_m; fi
  if ((__workshop_o < __workshop_n)); then __workshop_n=$__workshop_o; fi
}
__workshop_install() {
  __workshop_last=6
  for __workshop_i in "${!PROMPT_COMMAND[@]}"; do
    if [[ ${PROMPT_COMMAND[__workshop_i]} == "$__workshop_prompt" ]]; then builtin unset "PROMPT_COMMAND[__workshop_i]"
    else __workshop_last=$((__workshop_i > __workshop_last ? __workshop_i : __workshop_last)); fi
  done
  PROMPT_COMMAND[__workshop_last+1]=$__workshop_prompt
}
__workshop_prompt='{ __workshop_prompt; } 9>&$((__workshop_status = $?, 2)) 2>/dev/null || __workshop_prompt 9>/dev/null 2>&9'
`

// inputrc keeps the line editor from decorating the typed text.
const inputrc = `set bell-style none
set enable-bracketed-paste on
set enable-active-region off
set colored-stats off
set show-mode-in-prompt off
`

// writeStartup writes the shell's start-up files to dir, which the shell sees at seen, and returns its
// command line.
func writeStartup(shell, dir, seen, token string) (argv, env []string, err error) {
	const rcFile, functionsFile, inFile = "bashrc", "functions", "inputrc"
	quoted := "'" + strings.ReplaceAll(filepath.Join(seen, functionsFile), "'", `'\''`) + "'"
	fill := strings.NewReplacer("TOKEN", token, "FUNCTIONS", quoted)
	for name, text := range map[string]string{rcFile: rc, functionsFile: functions, inFile: inputrc} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(fill.Replace(text)), 0o600); err != nil {
			return nil, nil, fmt.Errorf("write the shell's start-up file: %w", err)
		}
	}
	return []string{shell, "--noprofile", "--rcfile", filepath.Join(seen, rcFile), "-i"},
		[]string{"INPUTRC=" + filepath.Join(seen, inFile)}, nil
}

// mark is a parsed OSC 133 of our own shell.
type mark struct {
	kind   byte
	status int  // D, E, S
	number int  // C, D, E, S: bash's command number
	lost   bool // S: the prompt had lost its marks, or their keeper
	away   bool // S: the prompt does not show
	edits  bool // B: a line editor reads that answers the key of mark S
	piped  bool // E: the prompt goes to a pipe
}

// parseMark reads "133;KIND[;STATUS][;NUMBER][;FLAG];TOKEN". A foreign token is no mark.
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
	case 'B':
		m.edits = body == "B;e"
	case '2':
	case 'C':
		_, err = fmt.Sscanf(body, "C;%d", &m.number)
	case 'D', 'E':
		m.piped = strings.HasSuffix(body, ";p")
		_, err = fmt.Sscanf(body[1:], ";%d;%d", &m.status, &m.number)
		if err != nil { // without promptvars: the status, and its command number
			of := 0
			_, err = fmt.Sscanf(body[1:], ";%d/%d;%d", &m.status, &of, &m.number)
			if err == nil && of != m.number {
				return m, false
			}
		}
	case 'S':
		lost, away := 0, 0
		_, err = fmt.Sscanf(body[1:], ";%d;%d;%d", &m.status, &m.number, &lost)
		_, _ = fmt.Sscanf(body[1:], ";%d;%d;%d;%d", &m.status, &m.number, &lost, &away) // nested shells do not tell
		m.lost, m.away = lost == 1, away == 1
	default:
		return m, false
	}
	return m, err == nil
}
