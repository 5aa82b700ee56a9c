package lint_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"workshop/runner/lint"
)

// TestAgainstBash compares the mistake in a snippet's syntax with the one that bash reports: an
// error that bash does not see would keep a deck from running.
func TestAgainstBash(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		if os.Getenv("REQUIRE_BASH") != "" {
			t.Fatal(err)
		}
		t.Skip("bash is not installed")
	}
	snippets := []string{
		"ls", "ls; pwd", "a=1 b=2 env", "a=(1 2 3); echo ${a[@]}", "declare -A m=([x]=1 [y]=2)", "m[x]+=3", "echo ${!m[@]}",
		"echo $((1+2)) $[3+4]", "((i++))", "let i=3", "for ((i=0;i<3;i++)); do echo $i; done", "for i; do echo; done",
		"for i in a b\ndo echo $i\ndone",
		"while read -r l; do echo $l; done < f", "until false; do break; done", "select x in a b; do break; done",
		"case x in a|b) echo;; *) echo; esac",
		"case x in (a) echo;& b) echo;;& esac", "if [[ a =~ ^(a|b)$ ]]; then echo; elif true; then echo; else echo; fi",
		"[[ -f x && ! -d y || a < b ]]",
		"f() { echo; }", "local() { :; }", "let () { ls; }", "export( ) ( ls )", "local x() { :; }", "echo local()",
		"export() { :; }", "! ! true", "! ! ! false", "if ! ! true; then :; fi", "true && ! ! false", "!", "time ! true", "time ! ! true",
		"! time ! true", "echo $((echo a); (echo b))", "((echo a); (echo b))", "declare -A a; a[x y]=1", "echo ${x!}", "echo ${x y}",
		"let x = 1", "let 'x = 1' y=2", "[[ $x =~ a b ]]", "echo $((a b", "a=$((a b", "echo ${x y", "! ! (", "! ! ls; (ls",
		"function f { echo; }", "function f() ( echo )", "a.b() { echo; }", "f-g() { echo; }",
		"time -p ls", "! true", "coproc cat", "coproc X { cat; }",
		"cat <<EOF\na $b\nEOF", "cat <<'EOF'\na $(b\nEOF", "cat <<-EOF\n\ta\n\tEOF", "cat <<<word",
		"cat <<A <<B\na\nA\nb\nB", "ls >f 2>&1", "ls &>f", "ls &>>f", "ls >|f", "ls {fd}>f", "exec 3<>f", "ls >&2",
		"ls 2>/dev/null >&1",
		"diff <(ls) >(cat)", "echo $(ls) $(<f) ${x:-$(y)} ${x//a/b} ${x^^} ${x,,} ${x@Q} ${!x} ${#x} ${x:1:2} ${x%%.*}",
		`echo "a $(echo "b") c"`, `echo $'a\n' $"b"`,
		"echo {1..3} {a,b}{c,d}", "echo *.[ch] ?", "shopt -s extglob", "echo a\\\n b", "{ ls; }", "( ls )", "(ls; (pwd))",
		"ls &", "ls & pwd &", "a && b || c", "a | b |& c", "# only a comment", "ls # comment", "",
		"kubectl get pods -o jsonpath='{.items[*].metadata.name}'", `kubectl patch x -p '{"a": {"b": 1}}'`,
		`curl -H "A: b" 'http://x/?a=b&c=d'`, "docker ps --format '{{.Names}}'",
		"docker run -e A=b -v $PWD:/x img sh -c 'echo $A; ls'",
		"kubectl get pods -o custom-columns=NAME:.metadata.name", "ssh host 'cd x && ls'", "export A=$(b)",
		"eval $(docker-machine env x)", "[ -n \"$a\" ] && echo", "test -f x || touch x", "alias k=kubectl",
		"source <(kubectl completion bash)", ". f",
		"echo !$ !!", "echo a!b", "echo ~ ~/x ~user", "echo a#b", "echo $# $? $! $$ $- $0 $1 ${10}", "printf '%s\\n' a",
		"awk '{print $1}' f", "sed -e 's/a/b/' -i f", "find . -name '*.go' -exec ls {} \\;", "xargs -I{} echo {}",
		"seq 3 | while read n; do echo $n; done", "trap 'ls' EXIT", "set -x",
		"echo \\", "a=b", "a=", "PATH=$PATH:x", "local a=b", "readonly a", "unset a", "echo ${a[0]} ${a[$i]} ${a[i+1]}",
		"echo $((16#ff)) $((a?b:c)) $((a,b))", "x=$((`echo 1`))", "if true; then ls; fi | cat",
		"for i in *; do ls; done > f", "echo a; # b", "ls -l | grep '^d'",
		"for i in 1 2; do", "if true; then", "case x in", "ls)", "(ls", "{ ls", "ls }", "}", "fi", "done", "ls |", "ls &&",
		"| ls", "&& ls", "ls ;; pwd", "; ls", "echo 'a", `echo "a`, "echo $(ls", "echo ${a", "cat <<EOF\na", "ls > ",
		"kubectl logs <pod>", "f( { ls; }", "for in x; do ls; done", "while; do ls; done", "if; then ls; fi", "ls & & pwd",
		"a=(1 2", "[[ a", "((1+2)", "echo `ls", "&", "()", "echo a (b)", "function { ls; }", "do ls; done", "esac",
	}
	for _, text := range snippets {
		cmd := exec.CommandContext(t.Context(), "bash", "--norc", "-n", "-c", text)
		said, err := cmd.CombinedOutput()
		wrong := err != nil || strings.Contains(string(said), "here-document")
		deck := "# Title\n\n.exercise[\n~~~bash\n" + text + "\n~~~\n]\n"
		found := codes(lint.Run(load(t, deck), lint.Options{}))
		if reported := slices.Contains(found, "shell-syntax") || slices.Contains(found,
			"placeholder"); reported != wrong && !strings.Contains(text, "`") {
			t.Errorf("%q: found %v, bash says %q", text, found, said)
		}
	}
}
