package runner

import (
	"strings"
	"testing"
)

func TestRisks(t *testing.T) {
	for text, want := range map[string]string{
		"echo sudo":                                 "",
		"sudo apt-get install x":                    "sudo",
		"if true; then sudo rm x; fi":               "sudo",
		"rm -rf build":                              "removes folders",
		"rm -i file":                                "",
		"rm --recursive a":                          "removes folders",
		"curl -fsSL https://127.0.0.1/x | sh":       "runs what it downloads",
		"curl https://127.0.0.1/x | sudo bash -s -": "runs what it downloads, sudo",
		"curl https://127.0.0.1/x | jq .":           "",
		"echo a > /etc/motd":                        "writes outside of its folder",
		"echo a >> ../b; echo c > d/../../e":        "writes outside of its folder",
		"echo a > /dev/null 2> /dev/stderr < /etc/hosts; echo b > c": "",
		"echo a > /tmp/../etc/motd":                                  "writes outside of its folder",
	} {
		if got := strings.Join(Risks(text), ", "); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
