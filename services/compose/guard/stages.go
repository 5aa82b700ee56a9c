package guard

import (
	"archive/tar"
	"bufio"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path"
	"strings"
)

// pass sends a build to the real engine's builder. The builder puts the labels of a request on the
// last image only. It also keeps an image of every stage and, when a step fails, the images of the
// steps before it and their container. So each stage begins with a LABEL instruction, and its
// images and containers inherit the label. A context that the engine fetches by itself is not
// changed.
func (g *guard) pass(w http.ResponseWriter, r *http.Request, files *os.File, size int64) {
	q := r.URL.Query()
	if q.Get("remote") != "" {
		r.Body, r.ContentLength = io.NopCloser(io.NewSectionReader(files, 0, size)), size
		g.proxy.ServeHTTP(w, r)
		return
	}
	marked, err := os.CreateTemp(g.state, "context-")
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	defer os.Remove(marked.Name())
	defer marked.Close()
	err = markStages(marked, io.NewSectionReader(files, 0, size), q.Get("dockerfile"), fmt.Sprintf("LABEL %s=%q", Label, g.label))
	if err != nil {
		refuse(w, http.StatusBadRequest, "build context: "+err.Error())
		return
	}
	end, err := marked.Seek(0, io.SeekCurrent)
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	r.Header.Del("Content-Encoding")
	r.Header.Del("Content-Length")
	r.Body, r.ContentLength = io.NopCloser(io.NewSectionReader(marked, 0, end)), end
	g.proxy.ServeHTTP(w, r)
}

// markStages copies a build context, with an instruction at the beginning of each
// stage of its Dockerfile.
func markStages(w io.Writer, files io.Reader, name, instruction string) error {
	in, err := archive(files)
	if err != nil {
		return err
	}
	out := tar.NewWriter(w)
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return out.Close()
		}
		if err != nil {
			return err
		}
		var content io.Reader = in
		if isFile(h, name) {
			text, err := io.ReadAll(io.LimitReader(in, 1<<20))
			if err != nil {
				return err
			}
			src := afterFrom(string(text), instruction)
			content, h.Size = strings.NewReader(src), int64(len(src))
		}
		if err := out.WriteHeader(h); err != nil {
			return err
		}
		if _, err := io.Copy(out, content); err != nil {
			return err
		}
	}
}

var (
	from      = expression(`(?i)^\s*FROM\s`)
	escapedBy = expression("(?i)^\\s*#\\s*escape\\s*=\\s*([`\\\\])\\s*$")
)

// afterFrom adds an instruction after each FROM of a Dockerfile.
func afterFrom(src, instruction string) string {
	var out strings.Builder
	escape, directives := `\`, true   // comments at the very top may be parser directives
	continued, inFrom := false, false // whether the line continues the one before; and whether that is a FROM
	for line := range strings.Lines(src) {
		out.WriteString(line)
		text := strings.TrimSpace(line)
		comment := strings.HasPrefix(text, "#")
		if m := escapedBy().FindStringSubmatch(text); directives && m != nil {
			escape = m[1]
		}
		directives = directives && comment
		if comment || continued && text == "" { // neither ends a continuation
			continue
		}
		if !continued {
			inFrom = from().MatchString(strings.TrimPrefix(line, "\ufeff"))
		}
		continued = strings.HasSuffix(text, escape)
		if inFrom && !continued {
			if !strings.HasSuffix(line, "\n") {
				out.WriteByte('\n')
			}
			out.WriteString(instruction + "\n")
			inFrom = false
		}
	}
	return out.String()
}

// archive reads a build context, which may be compressed.
func archive(files io.Reader) (*tar.Reader, error) {
	in := bufio.NewReader(files)
	if magic, _ := in.Peek(2); string(magic) != "\x1f\x8b" {
		return tar.NewReader(in), nil
	}
	z, err := gzip.NewReader(in)
	if err != nil {
		return nil, err
	}
	return tar.NewReader(z), nil
}

// isFile reports whether an entry of a build context is the file of that name, or the Dockerfile if
// name is empty.
func isFile(h *tar.Header, name string) bool {
	return path.Clean("/"+h.Name) == path.Clean("/"+cmp.Or(name, "Dockerfile"))
}
