package compose

import (
	"archive/tar"
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// buildOptions are the options of `build`.
type buildOptions struct {
	noCache, pull, forceRm, keep, quiet bool
	args                                types.MappingWithEquals
}

// ensureImages builds or pulls the images that services need and the engine lacks.
func (s *session) ensureImages(ctx context.Context, services []types.ServiceConfig, o upOptions) error {
	for _, svc := range services {
		if svc.Build != nil && o.build == buildAlways {
			if err := s.build(ctx, svc, buildOptions{}); err != nil {
				return err
			}
			continue
		}
		img, err := s.image(ctx, s.imageName(svc))
		if err != nil {
			return err
		}
		switch {
		case img != nil && o.pull == "always" && svc.Build == nil:
			if err := s.pull(ctx, svc, o.quietPull, func(string) {}); err != nil {
				return err
			}
		case img != nil:
		case svc.Build == nil && o.pull == "never":
			return &apiError{Message: "No such image: " + s.imageName(svc)}
		case svc.Build == nil:
			if err := s.pull(ctx, svc, o.quietPull, func(string) {}); err != nil {
				return err
			}
		case o.build == buildNever:
			//nolint:staticcheck // the text of docker-compose
			return fmt.Errorf("Service '%s' needs to be built, but --no-build was passed.", svc.Name)
		default:
			if err := s.build(ctx, svc, buildOptions{}); err != nil {
				return err
			}
			s.style.build.builtMissing(s, svc)
		}
	}
	return nil
}

// build builds the image of a service with the engine's own builder.
func (s *session) build(ctx context.Context, svc types.ServiceConfig, o buildOptions) error {
	b := svc.Build
	name := s.imageName(svc)
	s.style.build.building(s, svc, o.quiet)
	s.ui.status("Image", name, "Building")
	args := maps.Clone(b.Args)
	if args == nil {
		args = types.MappingWithEquals{}
	}
	maps.Copy(args, o.args)
	values := url.Values{"t": {name}, "buildargs": {jsonText(args)}, "labels": {jsonText(b.Labels)}}
	for key, on := range map[string]bool{"nocache": o.noCache || b.NoCache, "pull": o.pull || b.Pull, "rm": !o.keep, "forcerm": o.forceRm} {
		if on {
			values.Set(key, "1")
		}
	}
	for key, value := range map[string]string{"target": b.Target, "networkmode": b.Network, "platform": svc.Platform} {
		if value != "" {
			values.Set(key, value)
		}
	}
	if len(b.CacheFrom) > 0 {
		values.Set("cachefrom", jsonText(b.CacheFrom))
	}
	dockerfile := b.Dockerfile
	var inline []byte
	switch {
	case b.DockerfileInline != "":
		dockerfile, inline = ".dockerfile.inline", []byte(b.DockerfileInline)
	case filepath.IsAbs(dockerfile):
		rel, err := filepath.Rel(b.Context, dockerfile)
		if err != nil || !filepath.IsLocal(rel) {
			if inline, err = os.ReadFile(dockerfile); err != nil {
				return err
			}
			rel = ".dockerfile.outside"
		}
		dockerfile = rel
	case dockerfile == "":
		dockerfile = "Dockerfile"
	}
	if inline == nil && !exists(filepath.Join(b.Context, dockerfile)) {
		return s.style.build.noDockerfile(filepath.Join(b.Context, dockerfile))
	}
	values.Set("dockerfile", dockerfile)

	r, w := io.Pipe()
	written := make(chan struct{})
	go func() {
		defer close(written)
		w.CloseWithError(writeContext(w, b.Context, dockerfile, inline))
	}()
	res, err := s.client.stream(ctx, http.MethodPost, "/build", values, r, http.Header{"Content-Type": {"application/x-tar"}})
	r.CloseWithError(io.ErrClosedPipe)
	<-written
	if err != nil {
		return err
	}
	defer res.Body.Close()
	out := s.Stdout
	if o.quiet {
		out = io.Discard
	}
	if err := s.messages(ctx, res.Body, out, isTerminal(s.Stdout), nil, nil); err != nil {
		return s.style.build.failed(svc, err)
	}
	s.ui.status("Image", name, "Built")
	return nil
}

func jsonText(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

// message is an element of the stream in which the engine reports the progress of a build or a
// pull.
type message struct {
	Stream   string `json:"stream"`
	Status   string `json:"status"`
	Progress string `json:"progress"`
	ID       string `json:"id"`
	Error    string `json:"error"`
	Detail   *struct {
		Current, Total float64
	} `json:"progressDetail"`
	Aux *struct{ ID string } `json:"aux"`
}

// messages prints the stream of a build or a pull. Each layer has a line, which is redrawn on a
// terminal. Without a terminal the layers' progress is not shown.
//
// If built is not nil it gets the ID of the built image; docker-compose prints an empty line for it.
func (s *session) messages(ctx context.Context, r io.Reader, out io.Writer, terminal bool, status, built func(string)) error {
	rows := map[string]int{}
	for dec := json.NewDecoder(r); ; {
		var m message
		if err := dec.Decode(&m); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			if cause := context.Cause(ctx); cause != nil {
				return cause
			}
			return err
		}
		if m.Error != "" {
			return errors.New(m.Error)
		}
		if m.Aux != nil && built != nil {
			built(m.Aux.ID)
			continue
		}
		if status != nil {
			if m.Status != "" {
				status(m.Status)
			}
			continue
		}
		text := m.Stream
		if m.Status != "" {
			text = m.Status
			if m.ID != "" {
				text = m.ID + ": " + text
			}
			if m.Progress != "" {
				text += " " + m.Progress
			}
		}
		switch {
		case m.Detail == nil && m.Stream == "": // also for messages without a text, such as an image's ID
			fmt.Fprintln(out, text)
		case m.Detail == nil:
			io.WriteString(out, text)
		case terminal && m.ID != "":
			if _, ok := rows[m.ID]; !ok {
				rows[m.ID] = len(rows)
				io.WriteString(out, "\n")
			}
			up := len(rows) - rows[m.ID]
			fmt.Fprintf(out, "\x1b[%dA\x1b[2K\r%s\r\x1b[%dB", up, text, up)
		}
	}
}

// pull pulls the image of a service. If status is not nil it gets the engine's words for each
// state; else they are printed.
func (s *session) pull(ctx context.Context, svc types.ServiceConfig, quiet bool, status func(string)) error {
	name := s.imageName(svc)
	s.style.build.pulling(s, svc, quiet)
	s.ui.status("Image", name, "Pulling")
	repository, tag := splitTag(name)
	values := url.Values{"fromImage": {repository}, "tag": {tag}}
	if svc.Platform != "" {
		values.Set("platform", svc.Platform)
	}
	res, err := s.client.stream(ctx, http.MethodPost, "/images/create", values, nil, nil)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if s.style.look == V1 && !quiet {
		status = nil
	}
	if err := s.messages(ctx, res.Body, s.Stdout, isTerminal(s.Stdout), status, nil); err != nil {
		return err
	}
	s.ui.status("Image", name, "Pulled")
	return nil
}

// splitTag splits a reference into repository and tag or digest; the tag is
// "latest" if there is none.
func splitTag(name string) (repository, tag string) {
	if repository, digest, ok := strings.Cut(name, "@"); ok {
		return repository, digest
	}
	if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
		return name[:i], name[i+1:]
	}
	return name, "latest"
}

// writeContext writes a directory as the tar stream that the engine builds from. It omits the files
// that .dockerignore excludes and adds an inline Dockerfile if there is one. All files in it belong
// to root.
func writeContext(w io.Writer, dir, dockerfile string, inline []byte) error {
	ignored, err := readIgnore(filepath.Join(dir, ".dockerignore"))
	if err != nil {
		return err
	}
	t := tar.NewWriter(w)
	err = filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil || rel == "." {
			return err
		}
		rel = filepath.ToSlash(rel)
		if ignored.match(rel) && rel != dockerfile && rel != ".dockerignore" {
			if entry.IsDir() && !ignored.exceptions && !strings.HasPrefix(dockerfile, rel+"/") {
				return fs.SkipDir
			}
			if !entry.IsDir() {
				return nil
			}
		}
		return addFile(t, name, rel, entry)
	})
	if err != nil {
		return err
	}
	if inline != nil {
		if err := t.WriteHeader(&tar.Header{Name: dockerfile, Mode: 0o644, Size: int64(len(inline))}); err != nil {
			return err
		}
		if _, err := t.Write(inline); err != nil {
			return err
		}
	}
	return t.Close()
}

func addFile(t *tar.Writer, name, rel string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	link := ""
	if info.Mode()&fs.ModeSymlink != 0 {
		if link, err = os.Readlink(name); err != nil {
			return err
		}
	}
	if info.Mode()&fs.ModeSocket != 0 {
		return nil // a tar archive cannot hold sockets
	}
	header, err := tar.FileInfoHeader(info, link)
	if err != nil {
		return err
	}
	header.Name = rel
	if entry.IsDir() {
		header.Name += "/"
	}
	header.Uid, header.Gid, header.Uname, header.Gname = 0, 0, "", ""
	if err := t.WriteHeader(header); err != nil || !info.Mode().IsRegular() {
		return err
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.CopyN(t, f, header.Size) // no more than announced, even if the file grows
	return err
}

// ignore is a .dockerignore. https://docs.docker.com/build/concepts/context/#dockerignore-files
type ignore struct {
	rules      []rule
	exceptions bool
}

type rule struct {
	re      *regexp.Regexp
	include bool
}

func readIgnore(name string) (*ignore, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return &ignore{}, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	ig := &ignore{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		pattern := strings.TrimSpace(lines.Text())
		if pattern == "" || pattern[0] == '#' {
			continue
		}
		pattern, include := strings.CutPrefix(pattern, "!")
		pattern = strings.TrimPrefix(path.Clean("/"+strings.TrimSpace(pattern)), "/")
		re, err := globExpression(pattern)
		if err != nil {
			return nil, fmt.Errorf("%s: %q: %w", name, pattern, err)
		}
		ig.rules = append(ig.rules, rule{re, include})
		ig.exceptions = ig.exceptions || include
	}
	return ig, lines.Err()
}

// globExpression translates a pattern: * and ? do not match a slash, ** does. Paths below a match
// match, too.
func globExpression(pattern string) (*regexp.Regexp, error) {
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case strings.HasPrefix(pattern[i:], "**/"):
			b.WriteString("(.*/)?")
			i += 2
		case strings.HasPrefix(pattern[i:], "**"):
			b.WriteString(".*")
			i++
		case c == '*':
			b.WriteString("[^/]*")
		case c == '?':
			b.WriteString("[^/]")
		case c == '[' && strings.IndexByte(pattern[i:], ']') > 0:
			end := i + strings.IndexByte(pattern[i:], ']')
			b.WriteString(pattern[i : end+1])
			i = end
		case c == '\\' && i+1 < len(pattern):
			i++
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		default:
			b.WriteString(regexp.QuoteMeta(pattern[i : i+1]))
		}
	}
	return regexp.Compile("^" + b.String() + "(/.*)?$")
}

// match reports whether a path is excluded. The last matching rule decides.
func (ig *ignore) match(rel string) bool {
	for _, r := range slices.Backward(ig.rules) {
		if r.re.MatchString(rel) {
			return !r.include
		}
	}
	return false
}
