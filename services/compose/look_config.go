package compose

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v4"
)

// configLook prints the output of `config`.
type configLook interface {
	text(p *Project, opts options) (string, error)
}

type (
	v1Config struct{}
	v5Config struct{}
)

func (v1Config) text(p *Project, _ options) (string, error) {
	version := p.Version
	if version == "" {
		version = "3.9"
	}
	all := map[string]any{}
	for _, name := range p.Order {
		svc := p.legacyService(name)
		if deploy, ok := svc["deploy"]; ok {
			svc["deploy"] = legacyDeploy(deploy)
		}
		all[name] = svc
	}
	document := map[string]any{"version": version, "services": all}
	for key, section := range map[string]map[string]map[string]any{
		"networks": p.networksRaw, "volumes": p.volumesRaw, "secrets": p.secretsRaw, "configs": p.configsRaw,
	} {
		if len(section) == 0 {
			continue
		}
		out := map[string]any{}
		for name, value := range section {
			out[name] = p.legacyResource(name, value)
		}
		document[key] = out
	}
	return pythonYAML(document) + "\n", nil
}

// text leaves out what no service uses. Its output can be read as a Compose file again, so that a $
// is doubled.
func (v5Config) text(p *Project, opts options) (string, error) {
	used := p.WithoutUnnecessaryResources()
	for _, services := range []types.Services{used.Services, used.DisabledServices} {
		for name, svc := range services {
			svc.EnvFiles = nil // their variables are in the environment
			services[name] = svc
		}
	}
	var text []byte
	var err error
	switch format := opts.value("format", "yaml"); format {
	case "yaml":
		if text, err = used.MarshalYAML(); err == nil {
			text, err = singleQuoted(text)
		}
	case "json":
		text, err = used.MarshalJSON()
	default:
		return "", fmt.Errorf("unsupported format %q: yaml or json", format)
	}
	return strings.ReplaceAll(string(text), "$", "$$"), err
}

// oldBooleans are the words that only YAML 1.1 reads as booleans. https://yaml.org/type/bool.html
var oldBooleans = expression(`^(?i:y|yes|n|no|on|off)$`)

// singleQuoted writes a document with single quotes around the words that YAML 1.1 reads as booleans,
// as Compose does.
func singleQuoted(document []byte) ([]byte, error) {
	var node yaml.Node
	if err := yaml.Unmarshal(document, &node); err != nil {
		return nil, err
	}
	var visit func(n *yaml.Node)
	visit = func(n *yaml.Node) {
		if n.Style&yaml.DoubleQuotedStyle != 0 && oldBooleans().MatchString(n.Value) {
			n.Style = yaml.SingleQuotedStyle
		}
		for _, child := range n.Content {
			visit(child)
		}
	}
	visit(&node)
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(&node); err != nil {
		return nil, err
	}
	return b.Bytes(), encoder.Close()
}
