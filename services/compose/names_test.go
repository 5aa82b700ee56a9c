package compose_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"workshop/services/compose"
)

// named are the clients that resolve names, each as a script that prints a line for each of its
// arguments: the name and the addresses. Those that connect print the one that they reached.
var named = []struct {
	program, script string
	connects        bool
}{
	{"getent", `for n; do echo "$n" $(getent ahostsv4 "$n" | sed 's/ .*//'); done`, false},
	{"python3", `exec python3 -c 'import socket, sys
for n in sys.argv[1:]: print(n, *socket.gethostbyname_ex(n)[2])' "$@"`, false},
	{"DC", `exec DC lookup "$@"`, false},
	{"node", `exec node -e 'const dns = require("dns").promises; (async () => { for (const n of process.argv.slice(1))
console.log(n, ...(await dns.lookup(n, {all: true, family: 4})).map(a => a.address)) })()' "$@"`, false},
	{"curl", `for n; do echo "$n" $(curl -s -o /dev/null -w '%{remote_ip}' "http://$n/"); done`, true},
	{"redis-cli", `for n; do echo "$n" $(redis-cli -h "$n" get address); done`, true},
	{"psql", `for n; do echo "$n" $(psql -h "$n" -p 80 2>&1 | sed -n 's/.*server at .* (\(.*\)), port 80 failed.*/\1/p'); done`, true},
}

// members is a project whose containers serve HTTP and, if there is a server, Redis.
const members = `services:
  one: &member
    expose: [80, 6379]
    stop_signal: SIGKILL
    x-workshop:
      command: |
        if command -v redis-server >/dev/null; then
          redis-server --save '' --protected-mode no >/dev/null &
          until redis-cli set address "$$(hostname -i)" >/dev/null 2>&1; do :; done
        fi
        exec DC plain x
      ready: {port: 80}
  two:
    <<: *member
    networks: {default: {aliases: [second]}}
  three:
    <<: *member
    container_name: PROJECT-alone
`

// TestNamesForEveryClient looks every container up from every container, with all clients, and again
// when the project has changed. Two projects with the same names see their own containers.
func TestNamesForEveryClient(t *testing.T) {
	host := startEngine(t, true)
	var info struct{ Warnings []string }
	var stages []*stage
	for range 2 {
		s := newStage(t, host, strings.ReplaceAll(members, "DC", app(t)))
		if err := s.api("GET", "/info", &info); err != nil || len(info.Warnings) > 0 {
			if os.Getenv("REQUIRE_NAMESPACE") == "1" {
				t.Fatal(info.Warnings, err)
			}
			t.Skip(info.Warnings, err)
		}
		s.ok(compose.V5, "up", "-d", "--scale", "two=2")
		stages = append(stages, s)
	}
	all := map[string]int{"one": 1, "two": 2, "three": 1}
	for _, s := range stages {
		s.lookUp(all)
	}

	// The names follow what runs.
	s := stages[0]
	s.ok(compose.V5, "up", "-d", "--scale", "two=3")
	s.ok(compose.V5, "restart", "one")
	all["two"] = 3
	s.lookUp(all)
	s.ok(compose.V5, "up", "-d", "--scale", "two=1")
	s.ok(compose.V5, "rm", "-fs", "three")
	s.lookUp(map[string]int{"one": 1, "two": 1})

	// Nothing leads to the other project.
	for _, addresses := range stages[1].addresses() {
		for _, address := range addresses {
			if r := s.run(compose.V5, "exec", "-T", "one", "curl", "-sS", "http://"+address+"/"); r.code == 0 {
				t.Errorf("%s of another project answers", address)
			}
		}
	}
	for _, name := range []string{"three", stages[1].name + "-alone"} {
		if r := s.run(compose.V5, "exec", "-T", "one", "getent", "hosts", name); r.code == 0 {
			t.Errorf("%s is %s", name, r.out)
		}
	}
}

// addresses returns the addresses by all names of the project.
func (s *stage) addresses() map[string][]string {
	s.t.Helper()
	names := map[string][]string{}
	for id := range strings.FieldsSeq(s.ok(compose.V5, "ps", "-q").out) {
		var c struct {
			Name            string
			Config          struct{ Labels map[string]string }
			NetworkSettings struct {
				Networks map[string]struct{ IPAddress string }
			}
		}
		if err := s.api("GET", "/containers/"+id+"/json", &c); err != nil {
			s.t.Fatal(err)
		}
		service := c.Config.Labels["com.docker.compose.service"]
		mine := []string{service, strings.TrimPrefix(c.Name, "/")}
		if service == "two" {
			mine = append(mine, "second")
		}
		for _, name := range mine {
			names[name] = append(names[name], c.NetworkSettings.Networks[s.name+"_default"].IPAddress)
		}
	}
	return names
}

// lookUp compares what all clients find from all containers with the containers' addresses.
func (s *stage) lookUp(services map[string]int) {
	s.t.Helper()
	want := s.addresses()
	for service, n := range services {
		if len(want[service]) != n {
			s.t.Fatalf("%d containers of %s, not %d", len(want[service]), service, n)
		}
	}
	names := slices.Sorted(maps.Keys(want))
	for _, client := range named {
		if _, err := exec.LookPath(client.program); err != nil && client.program != "DC" {
			if os.Getenv("REQUIRE_PROGRAMS") == "1" && client.program != "node" {
				s.t.Error(err)
			}
			continue
		}
		script := strings.ReplaceAll(client.script, "DC", app(s.t))
		for service, n := range services {
			for i := range n {
				r := s.ok(compose.V5, append([]string{"exec", "-T", "--index", fmt.Sprint(i + 1), service, "sh", "-c", script, "sh"}, names...)...)
				lines := strings.Split(strings.TrimSpace(r.out), "\n")
				if len(lines) != len(names) {
					s.t.Errorf("%s in %s %d: %s%s", client.program, service, i+1, r.out, r.err)
					continue
				}
				for j, name := range names {
					found := strings.Fields(lines[j])[1:]
					slices.Sort(found)
					found = slices.Compact(found)
					slices.Sort(want[name])
					if ok := slices.Equal(found, want[name]); !ok && !(client.connects && len(found) == 1 && slices.Contains(want[name], found[0])) {
						s.t.Errorf("%s in %s %d: %s is %v, want %v", client.program, service, i+1, name, found, want[name])
					}
				}
			}
		}
	}
}
