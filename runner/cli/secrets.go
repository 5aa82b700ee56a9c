package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"workshop/markdown"
	"workshop/runner/secret"
)

// findSecrets looks up the values of the secrets that the command line and the manifests name. A
// variable of a manifest need not be set: a value that is not there is not printed.
func (j *job) findSecrets(sources []*source, warnings io.Writer) error {
	environ := append(os.Environ(), asked(os.Environ(), j.env)...)
	var values []string
	find := func(name, from string, needed bool) error {
		value, set := lookup(environ, name)
		switch {
		case value == "" && needed:
			return fmt.Errorf("%s: the variable %s is not set (export it, or give it by --env %s=VALUE)", from, name, name)
		case !set, value == "":
			fmt.Fprintf(warnings, "warning: %s: the variable %s is not set, so nothing is masked for it\n", from, name)
		case len(value) < secret.Least:
			return fmt.Errorf("%s: the value of %s is too short to be masked: %d bytes, at least %d are needed (make it longer, or do not name it)",
				from, name, len(value), secret.Least)
		default:
			values = append(values, value)
		}
		return nil
	}
	for _, name := range j.secretNames {
		if err := find(name, "--secret", true); err != nil {
			return err
		}
	}
	for _, src := range sources {
		if src == nil || src.deck == nil {
			continue
		}
		for _, name := range src.deck.Secrets {
			if slices.Contains(j.secretNames, name) {
				continue
			}
			if err := find(name, src.deck.File+": secrets", false); err != nil {
				return err
			}
		}
	}
	var err error
	if j.secrets, err = secret.New(values...); err != nil || j.secrets == nil {
		return err
	}
	return j.openSecrets(sources)
}

// lookup is the last value of a variable.
func lookup(environ []string, name string) (value string, set bool) {
	for _, kv := range slices.Backward(environ) {
		if value, set = strings.CutPrefix(kv, name+"="); set {
			return value, true
		}
	}
	return "", false
}

// openSecrets is an error if a deck itself holds a secret.
func (j *job) openSecrets(sources []*source) error {
	var errs markdown.ErrorList
	for _, src := range sources {
		if src == nil || src.deck == nil {
			continue
		}
		for _, c := range src.deck.Chapters {
			for _, s := range c.Slides {
				if j.secrets.Holds(s.Source) || j.secrets.Holds(s.Title) {
					errs.Add(markdown.CodeManifestValue, s.Pos.Point(), "let the snippets read it from the environment, and change its value",
						"the slide holds the value of a secret")
				}
			}
		}
	}
	return errs.Err()
}
