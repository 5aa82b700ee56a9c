package compose

import (
	"fmt"
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
		all[name] = p.legacyService(name)
	}
	document := map[string]any{"version": version, "services": all}
	for key, section := range map[string]map[string]map[string]any{"networks": p.networksRaw, "volumes": p.volumesRaw} {
		if len(section) == 0 {
			continue
		}
		out := map[string]any{}
		for name, value := range section {
			if value == nil {
				value = map[string]any{}
			}
			out[name] = value
		}
		document[key] = out
	}
	return pythonYAML(document) + "\n", nil
}

func (v5Config) text(p *Project, opts options) (string, error) {
	var text []byte
	var err error
	switch format := opts.value("format", "yaml"); format {
	case "yaml":
		text, err = p.MarshalYAML()
	case "json":
		text, err = p.MarshalJSON()
	default:
		return "", fmt.Errorf("unsupported format %q: yaml or json", format)
	}
	return string(text), err
}
