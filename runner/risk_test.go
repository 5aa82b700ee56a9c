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
		"cp a b; mv c ./d; mkdir -p e/f /tmp/x; touch g; tee h":      "",
		"cp /etc/hosts .":                  "",
		"cp hosts /etc/":                   "writes outside of its folder",
		"cp -t /etc hosts":                 "writes outside of its folder",
		"echo a | sudo tee -a '/etc/motd'": "sudo, writes outside of its folder",
		"echo a >> ~/.bashrc":              "writes outside of its folder",
		`echo a >> "$HOME/.bashrc"`:        "writes outside of its folder",
		"sed -i s/a/b/ /etc/motd":          "writes outside of its folder",
		"sed s/a/b/ /etc/motd":             "",
		"curl -o ../x https://127.0.0.1/x": "writes outside of its folder",
		"curl https://127.0.0.1/x -o x":    "",
		"tar -xf a.tgz -C /usr/local":      "writes outside of its folder",
		"env A=b rm ~/x":                   "writes outside of its folder",
		"echo a > \"$(mktemp)\"":           "",
		"echo a > /tmp/../etc/motd":        "writes outside of its folder",
	} {
		if got := strings.Join(Risks(text), ", "); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
