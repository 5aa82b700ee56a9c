package compose_test

import (
	"strings"
	"testing"

	"workshop/services/compose"
)

// TestAnnouncedServices reaches services by the variables that name them, where containers share the
// network of the machine: a process, all replicas, and one that was restarted.
func TestAnnouncedServices(t *testing.T) {
	s := newStage(t, embeddedHost(t), strings.ReplaceAll(`services:
  asks:
    x-workshop: {command: exec sleep 1000}
    environment: {MY_WEB_URL: own}
  my-web:
    x-workshop: {command: "exec DC plain $$HOSTNAME", ready: {port: 80}}
    expose: [80]
    stop_grace_period: 0s
  built:
    build: redis
    stop_grace_period: 0s
    command: [plain, from, built]
  lone:
    x-workshop: {command: exec sleep 1000}
  elsewhere:
    x-workshop: {command: exec sleep 1000}
    expose: [80]
    networks: [other]
networks: {other: {}}
`, "DC", app(t)), "redis")
	s.ok(compose.V5, "up", "-d", "--scale", "my-web=2")
	env := s.ok(compose.V5, "exec", "-T", "asks", "env").out
	for _, want := range []string{
		"MY_WEB_HOST=127.0.0.1\n", "MY_WEB_PORT=", "MY_WEB_URL=own\n", "BUILT_HOST=127.0.0.1\n",
		"BUILT_URL=http://127.0.0.1:",
	} {
		if !strings.Contains(env, want) {
			t.Errorf("no %q in the environment:\n%s", want, env)
		}
	}
	for _, unwanted := range []string{"LONE_", "ELSEWHERE_", "ASKS_"} {
		if strings.Contains(env, unwanted) {
			t.Errorf("%s is in the environment:\n%s", unwanted, env)
		}
	}
	ask := func(name string) string {
		return s.ok(compose.V5, "exec", "-T", "asks", "bash", "-c",
			"exec 3<>/dev/tcp/$"+name+"_HOST/$"+name+"_PORT; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3").out
	}
	seen := map[string]bool{}
	for range 4 {
		seen[ask("MY_WEB")] = true
	}
	if len(seen) != 2 {
		t.Errorf("the replicas have not taken turns: %v", seen)
	}
	s.ok(compose.V5, "up", "-d", "--scale", "my-web=1")
	s.ok(compose.V5, "restart", "-t", "0", "my-web")
	if after := ask("MY_WEB"); after == "" {
		t.Error("no answer after the restart")
	}
	if answer := ask("BUILT"); !strings.Contains(answer, "built") {
		t.Errorf("the built image answers %q", answer)
	}
}
