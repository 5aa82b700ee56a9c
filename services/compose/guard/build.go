package guard

import (
	"archive/tar"
	"bytes"
	"context"
	"debug/elf"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
)

// build is POST /build. The session's own engine builds the image if it can, and the real one loads
// it. Other builds go to the real engine's builder.
func (g *guard) build(w http.ResponseWriter, r *http.Request) {
	g.busy.Add(1)
	defer g.busy.Done()
	ctx := context.WithoutCancel(r.Context())
	q := r.URL.Query()
	if q.Get("version") == "2" {
		refuse(w, http.StatusBadRequest, "BuildKit is not supported here: set DOCKER_BUILDKIT=0")
		return
	}
	for _, tag := range q["t"] {
		if err := g.mine(ctx, tag); err != nil {
			refuse(w, http.StatusConflict, err.Error())
			return
		}
	}
	labels := map[string]string{}
	if text := q.Get("labels"); text != "" {
		if err := json.Unmarshal([]byte(text), &labels); err != nil {
			refuse(w, http.StatusBadRequest, "invalid labels: "+err.Error())
			return
		}
	}
	if labels == nil { // null
		labels = map[string]string{}
	}
	labels[Label] = g.label
	text, _ := json.Marshal(labels) // strings cannot fail
	q.Set("labels", string(text))
	r.URL.RawQuery = q.Encode()

	files, err := os.CreateTemp(g.state, "context-") // it is read twice
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	defer os.Remove(files.Name())
	defer files.Close()
	size, err := io.Copy(files, r.Body)
	if err != nil {
		refuse(w, http.StatusBadRequest, "build context: "+err.Error())
		return
	}
	read := func() io.ReadCloser { return io.NopCloser(io.NewSectionReader(files, 0, size)) }

	request := r.Clone(ctx)
	request.URL.Path, request.Body = "/build", read()
	a := &answer{header: http.Header{}}
	g.builder.ServeHTTP(a, request)
	if a.status != http.StatusOK {
		if engineOwn().MatchString(dockerfile(read(), q.Get("dockerfile"))) {
			a.copyTo(w)
			return
		}
		g.pass(w, r.WithContext(ctx), files, size)
		return
	}
	made := built().FindSubmatch(a.body.Bytes())
	if made == nil {
		refuse(w, http.StatusInternalServerError, "the image that was made has no name")
		return
	}
	id := string(made[1]) + string(made[2])
	loaded, err := g.load(ctx, append([]string{}, q["t"]...), id)
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	digits := strings.TrimPrefix(loaded, "sha256:")
	body := bytes.ReplaceAll(a.body.Bytes(), []byte(id), []byte(loaded))
	body = bytes.ReplaceAll(body, []byte(id[7:19]), []byte(digits[:12]))
	a.body = *bytes.NewBuffer(body)
	a.copyTo(w)
}

var (
	// built matches the image id in the output of a build.
	built = expression(`"ID":"(sha256:[0-9a-f]{64})"|"stream":"(sha256:[0-9a-f]{64})`)
	// engineOwn matches a Dockerfile on the image that only our engine has.
	engineOwn = expression(`(?mi)^\s*FROM\s+(--platform=\S+\s+)?workshop(:latest)?\s*$`)
)

// load moves images of the builder to the real engine, as one archive, and returns the id of the
// last one there. Without tags it moves the image with the given id.
func (g *guard) load(ctx context.Context, tags []string, id string) (string, error) {
	names := tags
	if len(names) == 0 {
		names = []string{id}
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "/images/get?"+url.Values{"names": names}.Encode(), http.NoBody)
	if err != nil {
		return "", err
	}
	r, w := io.Pipe()
	done := make(chan struct{})
	go func() {
		defer close(done)
		a := &answer{header: http.Header{}, stream: w}
		g.builder.ServeHTTP(a, request)
		if a.status != http.StatusOK {
			w.CloseWithError(fmt.Errorf("save the image: %s", a.body.String()))
			return
		}
		w.Close()
	}()
	var said bytes.Buffer
	err = g.post(ctx, "/images/load", r, &said)
	r.CloseWithError(io.ErrClosedPipe)
	<-done
	if err != nil {
		return "", fmt.Errorf("load the image: %w", err)
	}
	if m := loadedID().FindSubmatch(said.Bytes()); m != nil {
		return string(m[1]), nil
	}
	var image struct {
		ID string `json:"Id"`
	}
	if err := g.do(ctx, http.MethodGet, "/images/"+escaped(names[0])+"/json", nil, &image); err != nil {
		return "", fmt.Errorf("load the image: %w: %s", err, said.String())
	}
	return image.ID, nil
}

var loadedID = expression(`Loaded image ID: (sha256:[0-9a-f]{64})`)

// loadBase loads the replacement of the image "workshop", without a name.
func (g *guard) loadBase(ctx context.Context) error {
	var files bytes.Buffer
	t := tar.NewWriter(&files)
	src := "FROM workshop\n"
	if err := t.WriteHeader(&tar.Header{Name: "Dockerfile", Mode: 0o644, Size: int64(len(src))}); err != nil {
		return err
	}
	if _, err := io.WriteString(t, src); err != nil {
		return err
	}
	if err := t.Close(); err != nil {
		return err
	}
	labels, _ := json.Marshal(map[string]string{Label: g.label}) // strings cannot fail
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "/build?"+url.Values{"labels": {string(labels)}}.Encode(), &files)
	if err != nil {
		return err
	}
	a := &answer{header: http.Header{}}
	g.builder.ServeHTTP(a, request)
	made := built().FindSubmatch(a.body.Bytes())
	if a.status != http.StatusOK || made == nil {
		return fmt.Errorf("make it: %s", a.body.String())
	}
	g.base, err = g.load(ctx, nil, string(made[1]))
	return err
}

// dockerfile returns the text of the Dockerfile in a build context, "" if there is none.
func dockerfile(files io.Reader, name string) string {
	t, err := archive(files)
	for err == nil {
		var h *tar.Header
		if h, err = t.Next(); err == nil && isFile(h, name) {
			b, _ := io.ReadAll(io.LimitReader(t, 1<<20)) // the part that could be read
			return string(b)
		}
	}
	return ""
}

// answer is a response for a caller in this process.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
	stream io.Writer // receives the body of a successful answer, if not nil
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	if a.stream != nil && a.status == http.StatusOK {
		return a.stream.Write(p)
	}
	return a.body.Write(p)
}

func (a *answer) copyTo(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body.Bytes()) // a client that has gone has its image all the same
}

// machines are the architectures of engines and of programs.
var machines = map[string]elf.Machine{
	"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "arm": elf.EM_ARM, "386": elf.EM_386,
	"ppc64le": elf.EM_PPC64, "s390x": elf.EM_S390, "riscv64": elf.EM_RISCV,
}

// CheckProgram returns the reason why a program cannot run in the engine's containers.
func CheckProgram(v Version, path string) error {
	if err := v.check(); err != nil {
		return err
	}
	return checkExecutable(path)
}

func (v Version) check() error {
	if v.Os != "linux" || v.Arch != runtime.GOARCH {
		return fmt.Errorf("the Docker engine runs %s/%s, but this program is for %s/%s: use --engine embedded",
			v.Os, v.Arch, runtime.GOOS, runtime.GOARCH)
	}
	return nil
}

// checkExecutable checks that a program runs in an image without any files.
func checkExecutable(path string) error {
	f, err := elf.Open(path)
	if err != nil {
		return fmt.Errorf("this program cannot be an image, because it is not for Linux: %w (use --engine embedded)", err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return fmt.Errorf("this program is linked dynamically, so it does not run in an image: build it with CGO_ENABLED=0 (make " +
				"build), or use --engine embedded")
		}
	}
	if want, ok := machines[runtime.GOARCH]; ok && f.Machine != want {
		return fmt.Errorf("this program is for %v, not for %s", f.Machine, runtime.GOARCH)
	}
	return nil
}
