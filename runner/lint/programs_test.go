package lint_test

import (
	"slices"
	"strings"
	"testing"

	"workshop/runner/lint"
)

// of returns the findings in a deck of one exercise.
func of(t testing.TB, body string) []string {
	t.Helper()
	return codes(lint.Run(load(t, "# Title\n\n.exercise[\n"+body+"\n]\n"), lint.Options{}))
}

func snippet(command string) string { return "```bash\n" + command + "\n```" }

// TestNeverEnds shows which commands are known to go on, alone on their slide.
func TestNeverEnds(t *testing.T) {
	endless := `
top
htop
sudo top
sudo -u root htop
env A=b top -d 1
A=b top
time top
/usr/bin/top
top | tee log
watch kubectl get pods
watch -n1 -d docker ps
tail -f log
tail -F log
tail -n5 -f log
tail -20f log
tail --follow log
tail -f log | grep error
docker logs -f web
docker logs --follow --tail 3 web
docker logs --tail 10 -f web | grep x
docker-compose logs -f
docker-compose logs --tail 10 --follow
docker-compose -f other.yml logs -f
docker compose logs -f
docker compose -p x up
docker-compose up
docker-compose up web
docker-compose up --build
cd app && docker-compose up
docker stats
docker events
docker service logs -f x
docker compose watch
kubectl logs -f web
kubectl -n kube-system logs web --follow
kubectl logs -fl app=web
kubectl get pods -w
kubectl get pods --watch
kubectl get pods -w -o wide | grep web
kubectl port-forward svc/web 8080:80
kubectl proxy
kubectl exec -it web -- top
stern web
vmstat 1
vmstat -S M 5
iostat -x 2
mpstat -P ALL 1
dstat
dstat -cdn 5
ping 8.8.8.8
ping -i 2 localhost
httping localhost:8001
journalctl -f
journalctl -u docker -f
dmesg -w
tcpdump -i eth0
python -m http.server
python3 -m http.server 8000
sudo python3 -m http.server 80
while true; do date; sleep 1; done
while :; do curl localhost; done
while sleep 1; do date; done
until false; do date; done
for ((;;)); do date; done
(while true; do date; done)
{ top; }
if true; then ls; fi; top
sleep infinity
yes
cat
sort -n
sort -k 2 -t ,
wc -l
grep -c x
grep -e x
cut -d , -f 1
tr a b
uniq -c
head -n 3
tail -5
tee copy
less file
ps aux | less
vim file
vi
nano file
python
python3
docker run -it python python
docker exec -it db redis-cli
redis-cli
psql -U me db
docker run alpine ping localhost
docker run --rm -it alpine top
`
	ends := `
docker logs -f --until=2s test
top -n 1
top -b -n1
top -bn1 | head
timeout 5 top
timeout -s INT 5s vmstat 1
top &
tail -f log &
tail log
tail -n 5 log
tail -f log | head -3
tail -f log | grep -m1 ready
docker logs web
docker logs --tail 5 web
docker-compose logs
docker-compose logs --tail 10
docker-compose up -d
docker-compose up -d --scale worker=2
docker-compose -f a.yml up --detach
docker compose up -d
docker-compose up --abort-on-container-exit
docker stats --no-stream
docker run -d nginx
docker run nginx
docker run -it ubuntu
docker run -it ubuntu bash
docker run --rm alpine true
docker exec -it web sh
docker exec web ls
docker compose exec web sh
docker ps -f name=x
kubectl get pods
kubectl logs web
kubectl logs -f=false web
kubectl apply -f file.yml
kubectl create -f file.yml
kubectl exec -ti web -- sh
kubectl run -it --rm x --image=alpine -- sh
kubectl get pods -o wide
vmstat
vmstat 1 5
iostat 1 3
ping -c 3 localhost
ping -c3 localhost
ping -W 1 -c 1 localhost
httping -c 3 localhost
journalctl -u docker
python script.py
python3 -c 'print(1)'
python3 < script.py
python3 <<EOF
while ! curl localhost; do sleep 1; done
until curl localhost; do sleep 1; done
while true; do curl localhost && break; done
for i in 1 2 3; do date; done
cat file
cat <<EOF
cat < file
ls | cat
sort -n file
sort -k 2 -t , file
sort < file
sort <<EOF
ls | sort -n | head -3
wc -l "$file"
wc --files0-from=list
grep x file
grep -e x file
grep -r x
grep $pattern
grep --help
ls | grep x
cut -d , -f 1 file
tr a b < file
echo x | tee copy
tail -n 3 file
for f in *; do wc -l; done < list
man ls
git log
git commit -m x
git commit -am x
redis-cli ping
redis-cli -h localhost info
psql -c 'select 1'
mysql -e 'select 1'
ssh node2
ssh node2 ls
bash
su - user
./server
make watch
yes | head
yes | apt-get install x
sed -i s/a/b/ file
grep -r top .
echo top
which vim
vimdiff --help
less --version
tcpdump -c 3
dmesg | tail
kill %1
watch -g ls
`
	for command := range strings.Lines(endless) {
		if command = strings.TrimSpace(command); command != "" && !slices.Contains(of(t, snippet(command)), "never-ends") {
			t.Errorf("%q is not known to go on", command)
		}
	}
	for command := range strings.Lines(ends) {
		command = strings.TrimSpace(command)
		if command == "" {
			continue
		}
		if strings.HasSuffix(command, "<<EOF") {
			command += "\nprint(1)\nEOF"
		}
		if found := of(t, snippet(command)); slices.Contains(found, "never-ends") || slices.Contains(found, "shell-syntax") {
			t.Errorf("%q: %v", command, found)
		}
	}
}

// TestFlow shows the knowledge of the steps of an exercise, one after the other.
func TestFlow(t *testing.T) {
	tests := []struct{ name, body, want string }{
		{"a wait and a key", snippet("top") + "\n<!--\n```wait Tasks```\n```key ^C```\n-->\n" + snippet("ls"), ""},
		{"only a wait", snippet("top") + "\n<!-- ```wait Tasks``` -->", ""},
		{"only a wait, then a snippet", snippet("top") + "\n<!-- ```wait Tasks``` -->\n" + snippet("ls"), "types-into-program"},
		{"samples, which end it", snippet("ping x") + "\n<!--\n```figure t /time=(\\d+)/ ms every 200ms```\n```claim t < 1 s```\n-->\n" +
			snippet("ls"), ""},
		{"a key that does not end it", snippet("less x") + "\n<!-- ```key Space``` -->\n" + snippet("ls"), "types-into-program"},
		{
			"an editor that is left",
			snippet("vim x") + "\n<!--\n```keys ihello```\n```key Escape```\n```keys :wq```\n```key Enter```\n-->\n" +
				snippet("ls"), "",
		},
		{"an editor that is not", snippet("vim x") + "\n<!--\n```keys ihello```\n```key Escape```\n-->\n" + snippet("ls"), "types-into-program"},
		{"nano that is left", snippet("nano x") + "\n<!--\n```keys hello```\n```key ^X```\n```keys n```\n-->\n" + snippet("ls"), ""},
		{
			"two programs at once",
			snippet("top") + "\n<!-- ```wait Tasks``` -->\n" + snippet("ls") + "\n<!-- ```key q``` -->", "types-into-program",
		},
		{"a filter without a file", snippet("sort -n") + "\n<!-- ```key ^C``` -->", ""},
		{"a filter with one", snippet("sort -n file") + "\n<!-- ```key ^C``` -->", "key-to-nothing"},
		{"packets that may not come", snippet("tcpdump -c 3 port 9000") + "\n<!-- ```key ^C``` -->", ""},
		{"a wait for the name of a file", snippet("vim poem.txt") + "\n<!--\n```wait poem.txt```\n```keys :q```\n```key Enter```\n-->", ""},
		{"a wait for a question", snippet("read -p 'Your name? ' name") + "\n<!--\n```wait Your name```\n```key Enter```\n-->", ""},
		{"a key behind its output", snippet("top") + "\n```output\nTasks\n```\n<!-- ```key q``` -->", "never-ends"},
		{"a check behind it", snippet("top") + "\n<!-- ```check``` -->", "never-ends"},
		{"in the middle", snippet("top\nls") + "\n<!-- ```wait x``` -->", "never-ends"},
		{"a shell within the shell", snippet("docker run -it ubuntu") + "\n" + snippet("ls") + "\n<!-- ```key ^D``` -->\n" + snippet("pwd"), ""},
		{"leaving one", snippet("docker exec -it web sh") + "\n" + snippet("exit") + "\n" + snippet("ls"), ""},
		{"leaving the session's own", snippet("ls") + "\n" + snippet("exit"), "ends-shell"},
		{"exec", snippet("exec bash"), "ends-shell"},
		{"exec for redirections", snippet("exec 2>/dev/null"), ""},
		{"another program's language", snippet("python3") + "\n" + snippet("print('it''s') if x else )"), "never-ends"},
		{"keys to another program", snippet("python3") + "\n<!--\n```keys print(1)```\n```key ^D```\n-->\n" + snippet("ls"), ""},
		{"^C to nothing", snippet("ls") + "\n<!-- ```key ^C``` -->", "key-to-nothing"},
		{"^C to an ended program", snippet("top") + "\n<!--\n```wait Tasks```\n```key q```\n```key ^C```\n-->", "key-to-nothing"},
		{"^C twice to Compose", snippet("docker-compose up") + "\n<!--\n```wait x```\n```key ^C```\n```key ^C```\n-->", ""},
		{"a command by keys", snippet("ls") + "\n<!--\n```keys pwd```\n```key Enter```\n-->", ""},
		{"q behind an unknown program", snippet("./show") + "\n<!-- ```key q``` -->", ""},
		{"^D at the prompt", snippet("ls") + "\n<!-- ```key ^D``` -->", "key-to-nothing"},
		{"^D behind a possible shell", snippet("./enter") + "\n" + snippet("ls") + "\n<!-- ```key ^D``` -->", ""},
		{"echo", snippet("echo READY") + "\n<!-- ```wait READY``` -->", "wait-cannot-fail"},
		{"a part of a word", snippet("echo READY") + "\n<!-- ```wait READ``` -->", ""},
		{"quotes", snippet(`echo "it is READY"`) + "\n<!-- ```wait it is READY``` -->", "wait-cannot-fail"},
		{"an argument", snippet("docker-compose logs worker") + "\n<!-- ```wait worker``` -->", "wait-cannot-fail"},
		{"a text that is only searched for", snippet("docker ps | grep redis") + "\n<!-- ```wait redis``` -->", ""},
		{"behind a success", snippet("make && echo DONE") + "\n<!-- ```wait DONE``` -->", ""},
		{"behind a command that cannot fail", snippet("sleep 6 && echo DONE") + "\n<!-- ```wait DONE``` -->", "fixed-sleep wait-cannot-fail"},
		{"behind a loop", snippet("until curl localhost; do sleep 1; done; echo UP") + "\n<!-- ```wait UP``` -->", ""},
		{"in a comment", snippet("top # Tasks") + "\n<!--\n```wait Tasks```\n```key q```\n-->", ""},
		{"in a file", snippet("echo READY > file; cat other") + "\n<!-- ```wait READY``` -->", ""},
		{"an expression", snippet("echo READY") + "\n<!-- ```wait /REA?DY/``` -->", "wait-cannot-fail"},
		{"in both, behind a key", snippet("vim READY") + "\n<!--\n```keys :q```\n```key Enter```\n```wait READY```\n-->", ""},
		{"a sleep", snippet("sleep 5"), "fixed-sleep"},
		{"a sleep between", snippet("docker-compose up -d; sleep 2m; ls"), "fixed-sleep"},
		{"a short sleep", snippet("sleep 0.2"), ""},
		{"a sleep in a loop that asks", snippet("until curl x; do sleep 1; done"), ""},
		{"a sleep between tries", snippet("for i in 1 2 3; do curl -s x && break; sleep 1; done"), ""},
		{"a sleep in each turn", snippet("for i in 1 2 3; do echo $i; sleep 1; done"), "fixed-sleep"},
		{"another command", snippet("vi <file>") + "\n<!-- ```instead touch f``` -->\n" +
			snippet("ls | head; exit") + "\n<!-- ```instead ls``` -->", ""},
		{"a sleep in the background", snippet("sleep 100 &"), ""},
		{"a sleep to be interrupted", snippet("sleep 100") + "\n<!-- ```key ^C``` -->", ""},
		{"a sleep to be interrupted, later", snippet("echo $A; sleep 100") + "\n<!--\n```wait x```\n```key ^C```\n-->", ""},
		{"a sleep somewhere else", snippet("docker run -d alpine sleep 100"), ""},
		{"a prompt", snippet("$ ls"), "pasted-prompt"},
		{"a prompt of root", snippet("# apt-get install vim"), "pasted-prompt"},
		{"a comment", snippet("# list the files\nls"), ""},
		{"a long prompt", snippet("me@host:~/src$ ls\nme@host:~/src$ pwd"), "pasted-prompt"},
		{"a prompt with output", snippet("$ echo (hi)\n(hi)"), "pasted-prompt"},
		{"a dollar within", snippet("cat <<EOF\n$ ls\nEOF"), ""},
		{"syntax", snippet("echo 'open"), "shell-syntax"},
		{"a parenthesis", snippet("echo hi)"), "shell-syntax"},
		{"a mistake that is meant", snippet("echo hi)") + "\n<!-- ```wait syntax error``` -->", ""},
		{"a mistake with a status", snippet("echo hi)") + "\n<!-- ```status 2``` -->", ""},
		{"a mistake with its output", snippet("echo hi)") + "\n<!--\n```output\nbash: syntax error near [..]\n```\n-->", ""},
		{"a mistake before an output", snippet("echo hi)") + "\n<!-- ```output hi``` -->", "shell-syntax"},
		{"a mistake before a figure", snippet("echo hi)") + "\n<!-- ```figure n /(hi)/``` -->", "shell-syntax unused-figure"},
		{"a mistake within python", snippet("python3\nprint('a')"), ""},
		{"a placeholder", snippet("kubectl logs <pod>"), "placeholder"},
		{"a placeholder in the middle", snippet("ssh <user>@<host> ls"), "placeholder placeholder"},
		{"a redirection", snippet("sort <in >out"), ""},
		{"a placeholder in quotes", snippet("echo '<pod>'"), ""},
		{"quotes of a typesetter", snippet("echo “a b”"), "smart-punctuation"},
		{"quotes of a typesetter, quoted", snippet("echo 'a “b”'"), ""},
		{"a long dash", snippet("ls –l"), "smart-punctuation"},
		{"a backslash and a blank", snippet("ls \\ \n  -l"), "broken-continuation"},
		{"a backslash", snippet("ls \\\n  -l"), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(of(t, tt.body), " "); got != tt.want {
				t.Errorf("found %q, want %q in\n%s", got, tt.want, tt.body)
			}
		})
	}
}
