package markdown

import (
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

var carpentriesStyle = style{
	name: "carpentries",
	summary: "a lesson of The Carpentries, as plain: with {: .language-bash} behind a fence, or divisions such as ::: challenge; " +
		"commands in those, and in quotations, do not run",
	found: func(d *document) bool {
		return slices.ContainsFunc(d.tokens, func(t token) bool {
			switch t.kind {
			case frontToken:
				front := d.src.text[:t.end]
				return strings.Contains(front, "\nteaching:") && strings.Contains(front, "\nexercises:")
			case divToken:
				name, _, _ := strings.Cut(t.info, " ")
				return slices.Contains(carpentriesDivs(), name)
			}
			return strings.HasPrefix(t.attr, "{:") && slices.ContainsFunc(attributes(t.attr), isCarpentriesClass)
		})
	},
	steps:    plainSteps,
	learners: []string{"challenge", "solution", "hint", "discussion", "instructor", "spoiler"},
	files:    episodes, session: SessionChapter,
}

// carpentriesDivs are the divisions that every lesson has.
func carpentriesDivs() []string {
	return []string{"questions", "objectives", "keypoints", "challenge", "solution", "prereq"}
}

func isCarpentriesClass(word string) bool {
	return strings.HasPrefix(word, ".language-") || word == ".output" || word == ".error"
}

// episodes are the files of a lesson in the order of its config.yaml; those of an older lesson, which
// has a _config.yml, stand in the folder _episodes.
func episodes(l *loader, dir string) ([]item, bool) {
	if l.exists(path.Join(dir, "_config.yml")) && l.exists(path.Join(dir, "_episodes")) {
		items := l.documentsBelow(path.Join(dir, "_episodes"))
		return items, len(items) > 0
	}
	config := path.Join(dir, "config.yaml")
	if !l.exists(config) || !l.exists(path.Join(dir, "episodes")) {
		return nil, false
	}
	f, err := l.open(config, maxManifest)
	var lesson struct {
		Episodes []string `yaml:"episodes"`
	}
	if err == nil {
		err = yaml.Unmarshal([]byte(f.text), &lesson)
	}
	if err != nil {
		l.badYAML(config, f, err, "episodes: a list of files", "its list of episodes cannot be read")
		return nil, true
	}
	var items []item
	for _, name := range lesson.Episodes {
		if IsDocument(name) {
			items = l.listed(items, f.naming(name), path.Join(dir, "episodes"), name)
		}
	}
	return items, len(items) > 0
}
