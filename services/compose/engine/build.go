package engine

import (
	"archive/tar"
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"workshop/services/compose/dockerfile"
)

// contextLimit bounds the files of a build context, in bytes.
const contextLimit = 1 << 30

// build is POST /build with the answer of the classic builder. It runs no commands: an image is a
// configuration and copied files. A Dockerfile that needs more is refused before any output.
func (e *Engine) build(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	b := &builder{engine: e, args: map[string]*string{}, declared: map[string]string{}}
	switch {
	case q.Get("version") == "2":
		return badRequest("BuildKit is not supported by the embedded engine: set DOCKER_BUILDKIT=0")
	case q.Get("remote") != "":
		return badRequest("a remote build context is not supported by the embedded engine")
	case q.Get("target") != "":
		return badRequest("a build target is not supported by the embedded engine: it builds in one stage")
	}
	if text := q.Get("buildargs"); text != "" {
		if err := json.Unmarshal([]byte(text), &b.args); err != nil {
			return badRequest("invalid build arguments: %v", err)
		}
	}
	var labels map[string]string
	if text := q.Get("labels"); text != "" {
		if err := json.Unmarshal([]byte(text), &labels); err != nil {
			return badRequest("invalid labels: %v", err)
		}
	}
	var tags []string
	for _, t := range q["t"] {
		if t == "" {
			continue
		}
		if err := checkTag(t); err != nil {
			return err
		}
		tags = append(tags, tagged(t))
	}

	if err := os.MkdirAll(e.path("images"), 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(e.path("images"), "build-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if b.context, err = unpack(r.Body, filepath.Join(work, "context")); err != nil {
		return badRequest("build context: %v", err)
	}
	defer b.context.Close()
	name := cmp.Or(q.Get("dockerfile"), "Dockerfile")
	src, err := b.context.ReadFile(path.Clean(strings.TrimLeft(name, "/")))
	if err != nil {
		return badRequest("Cannot locate specified Dockerfile: %s", name)
	}
	instructions, err := dockerfile.Parse(string(src))
	if err != nil {
		return wrong(err)
	}
	if refused := dockerfile.Refused(instructions, e.missing); len(refused) > 0 {
		return wrong(refused[0])
	}
	b.root = filepath.Join(work, "root")
	var steps bytes.Buffer
	out := json.NewEncoder(&steps)
	say := func(format string, args ...any) {
		_ = out.Encode(struct { // into memory: it cannot fail
			Stream string `json:"stream"`
		}{fmt.Sprintf(format, args...)})
	}
	for n, i := range instructions {
		if err := b.step(i); err != nil {
			return wrong(err)
		}
		say("Step %d/%d : %s\n", n+1, len(instructions), i)
		say(" ---> %s\n", b.shown(i))
	}
	img, err := b.finish(labels, tags)
	if err != nil {
		return err
	}
	if unused := b.unused(); len(unused) > 0 {
		say("[Warning] One or more build-args %v were not consumed\n", unused)
	}
	_ = out.Encode(struct {
		Aux struct{ ID string } `json:"aux"`
	}{struct{ ID string }{img.id}})
	if boolean(r, "q") {
		steps.Reset()
		say("%s\n", img.id)
	} else {
		say("Successfully built %s\n", img.short())
		for _, t := range tags {
			say("Successfully tagged %s\n", t)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(steps.Bytes()) // a client that has gone has its image all the same
	return nil
}

// builder carries out instructions.
type builder struct {
	engine   *Engine
	context  *os.Root
	root     string             // the image's files are collected here
	args     map[string]*string // given by the client; null removes an argument
	declared map[string]string  // by ARG
	seen     []string           // names of ARGs
	image    *image             // nil before FROM
	ownCmd   bool               // CMD was set here and not inherited
}

// lookUp returns the value of a variable in an instruction.
func (b *builder) lookUp(name string) (string, bool) {
	if b.image != nil {
		for _, set := range slices.Backward(b.image.config.Env) {
			if value, ok := strings.CutPrefix(set, name+"="); ok {
				return value, true
			}
		}
	}
	value, ok := b.declared[name]
	return value, ok
}

func (b *builder) unused() []string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(b.args)) {
		if !slices.Contains(b.seen, name) && !strings.HasSuffix(strings.ToLower(name), "_proxy") {
			names = append(names, name)
		}
	}
	return names
}

func (b *builder) step(i dockerfile.Instruction) error {
	err := b.carryOut(i)
	if err == nil && b.image != nil {
		b.image.history = append(slices.Clip(b.image.history), i.String())
	}
	return err
}

func (b *builder) carryOut(i dockerfile.Instruction) error {
	switch i.Name {
	case "FROM":
		return b.from(i)
	case "ARG":
		return b.arg(i)
	}
	c := &b.image.config
	switch i.Name {
	case "MAINTAINER":
	case "CMD", "ENTRYPOINT":
		argv, err := i.Command()
		if err != nil {
			return err
		}
		if i.Name == "CMD" {
			c.Cmd, b.ownCmd = argv, true
			return nil
		}
		c.Entrypoint = argv
		if !b.ownCmd {
			c.Cmd = nil // an inherited one belongs to the inherited entrypoint
		}
	case "EXPOSE":
		ports, err := i.List(b.lookUp)
		if err != nil {
			return err
		}
		c.ExposedPorts = maps.Clone(c.ExposedPorts)
		if c.ExposedPorts == nil {
			c.ExposedPorts = map[string]struct{}{}
		}
		for _, p := range ports {
			if _, err := portNumber(p); err != nil {
				return i.Errorf("%v", err)
			}
			c.ExposedPorts[portName(p)] = struct{}{}
		}
	case "ENV":
		pairs, err := i.Pairs(b.lookUp)
		if err != nil {
			return err
		}
		for _, p := range pairs {
			c.Env = mergeEnv(c.Env, []string{p[0] + "=" + p[1]})
		}
	case "LABEL":
		pairs, err := i.Pairs(b.lookUp)
		if err != nil {
			return err
		}
		c.Labels = merged(c.Labels, nil)
		for _, p := range pairs {
			c.Labels[p[0]] = p[1]
		}
	case "WORKDIR":
		list, err := i.List(b.lookUp)
		if err != nil {
			return err
		}
		c.WorkingDir = path.Join("/", c.WorkingDir, strings.Join(list, " "))
		if path.IsAbs(list[0]) {
			c.WorkingDir = path.Clean(strings.Join(list, " "))
		}
	case "STOPSIGNAL":
		list, err := i.List(b.lookUp)
		if err != nil {
			return err
		}
		if _, err := signalNumber(list[0]); err != nil {
			return i.Errorf("%v", err)
		}
		c.StopSignal = list[0]
	case "HEALTHCHECK":
		h, err := readHealthcheck(i)
		if err != nil {
			return err
		}
		c.Healthcheck = h
	case "COPY":
		return b.copy(i)
	}
	return nil
}

// from begins an image on another one.
func (b *builder) from(i dockerfile.Instruction) error {
	list, err := i.List(b.lookUp)
	if err != nil {
		return err
	}
	if strings.HasPrefix(list[0], "--platform=") {
		list = list[1:]
	}
	if len(list) != 1 && (len(list) != 3 || !strings.EqualFold(list[1], "AS")) {
		return i.Errorf("FROM requires either one or three arguments")
	}
	if list[0] == "scratch" {
		b.image = &image{}
		return nil
	}
	e := b.engine
	base, err := e.images.find(list[0])
	if err != nil {
		return i.Errorf("%s: %v", list[0], e.missing(list[0]))
	}
	b.image = &image{
		config: base.config, base: base.base, parent: base.id,
		root: base.root, files: base.files, history: base.history, size: base.size,
	}
	if base.root != "" {
		syscall.ForkLock.RLock() // as in copyFile
		err := os.CopyFS(b.root, os.DirFS(base.root))
		syscall.ForkLock.RUnlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// missing returns the reason why an image cannot be built on.
func (e *Engine) missing(image string) error {
	if _, err := e.images.find(image); err == nil {
		return nil
	}
	return fmt.Errorf("the embedded engine has no registry to pull it from: use FROM workshop (its names: %s; and the machine's programs), "+
		"FROM scratch, or a real engine", strings.Join(e.opts.Commands, ", "))
}

// wrong makes a mistake in a Dockerfile the client's.
func wrong(err error) error {
	if errors.As(err, new(*dockerfile.Error)) {
		return badRequest("%v", err)
	}
	return err
}

// arg declares a variable for the instructions that follow.
func (b *builder) arg(i dockerfile.Instruction) error {
	list, err := i.List(b.lookUp)
	if err != nil {
		return err
	}
	for _, w := range list {
		name, value, given := strings.Cut(w, "=")
		b.seen = append(b.seen, name)
		if v := b.args[name]; v != nil {
			value, given = *v, true
		}
		if given {
			b.declared[name] = value
		}
	}
	return nil
}

// readHealthcheck parses HEALTHCHECK [--interval=30s …] CMD command, or NONE.
func readHealthcheck(i dockerfile.Instruction) (*healthcheck, error) {
	h := &healthcheck{}
	rest := i.Value
	for strings.HasPrefix(rest, "--") {
		var flag string
		flag, rest, _ = strings.Cut(rest, " ")
		rest = strings.TrimSpace(rest)
		name, value, _ := strings.Cut(flag[2:], "=")
		d, err := time.ParseDuration(value)
		switch name {
		case "interval":
			h.Interval = d
		case "timeout":
			h.Timeout = d
		case "start-period":
			h.StartPeriod = d
		case "start-interval":
			h.StartInterval = d
		case "retries":
			h.Retries, err = strconv.Atoi(value)
		default:
			return nil, i.Errorf("unknown flag: %s", name)
		}
		if err != nil || d < 0 || h.Retries < 0 {
			return nil, i.Errorf("invalid value for %s: %q", name, value)
		}
	}
	kind, rest, _ := strings.Cut(rest, " ")
	switch strings.ToUpper(kind) {
	case "NONE":
		h.Test = []string{"NONE"}
	case "CMD":
		argv, err := dockerfile.Instruction{Line: i.Line, Name: i.Name, Value: strings.TrimSpace(rest)}.Command()
		if err != nil {
			return nil, err
		}
		if len(argv) == 0 {
			return nil, i.Errorf("missing command after HEALTHCHECK CMD")
		}
		if strings.HasPrefix(strings.TrimSpace(rest), "[") {
			h.Test = append([]string{"CMD"}, argv...)
		} else {
			h.Test = []string{"CMD-SHELL", argv[2]}
		}
	default:
		return nil, i.Errorf("Unknown type %q in HEALTHCHECK (try CMD)", kind)
	}
	return h, nil
}

// copy is COPY source… destination.
func (b *builder) copy(i dockerfile.Instruction) error {
	list, err := i.List(b.lookUp)
	if err != nil {
		return err
	}
	if len(list) < 2 {
		return i.Errorf("COPY requires at least two arguments")
	}
	sources, dest := list[:len(list)-1], list[len(list)-1]
	into := strings.HasSuffix(dest, "/") || path.Base(dest) == "."
	if !path.IsAbs(dest) {
		dest = path.Join("/", b.image.config.WorkingDir, dest)
	}
	dest = path.Clean(dest)[1:] // relative to the root

	if err := os.MkdirAll(b.root, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(b.root)
	if err != nil {
		return err
	}
	defer root.Close()
	var names []string
	for _, s := range sources {
		s = path.Clean("/" + s)[1:]
		found, err := fs.Glob(b.context.FS(), cmp.Or(s, "."))
		if err != nil {
			return i.Errorf("%s: %v", s, err)
		}
		if len(found) == 0 {
			return i.Errorf("file not found in build context: stat %s: file does not exist", s)
		}
		names = append(names, found...)
	}
	if len(names) > 1 && !into {
		return i.Errorf("When using COPY with more than one source file, the destination must be a directory and end with a /")
	}
	if info, err := root.Stat(cmp.Or(dest, ".")); err == nil && info.IsDir() {
		into = true
	}
	for _, name := range names {
		to := dest
		info, err := b.context.Stat(name)
		if err != nil {
			return i.Errorf("%v", err)
		}
		if into && !info.IsDir() { // of a directory only the contents are copied
			to = path.Join(dest, path.Base(name))
		}
		if err := copyTree(root, cmp.Or(to, "."), b.context, name); err != nil {
			return i.Errorf("%v", err)
		}
	}
	if b.image.files, b.image.size, err = digestFiles(root.FS()); err != nil {
		return err
	}
	return nil
}

// copyTree copies a file, or the contents of a directory, from one tree to another.
func copyTree(dst *os.Root, to string, src *os.Root, from string) error {
	info, err := src.Stat(from)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		if err := dst.MkdirAll(path.Dir(to), 0o755); err != nil {
			return err
		}
		return copyFile(dst, to, src, from, info.Mode().Perm())
	}
	if err := dst.MkdirAll(to, 0o755); err != nil {
		return err
	}
	entries, err := fs.ReadDir(src.FS(), from)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		from, to := path.Join(from, entry.Name()), path.Join(to, entry.Name())
		if entry.Type()&fs.ModeSymlink == 0 {
			if err := copyTree(dst, to, src, from); err != nil {
				return err
			}
			continue
		}
		target, err := src.Readlink(from)
		if err != nil {
			return err
		}
		if err := dst.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := dst.Symlink(target, to); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(dst *os.Root, to string, src *os.Root, from string, mode fs.FileMode) error {
	// The fork lock is held while the file is open for writing. A process that is forked meanwhile
	// would keep it open until its exec, and a program that is open for writing cannot be run
	// (ETXTBSY).
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	in, err := src.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := dst.Remove(to); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	out, err := dst.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Chmod(mode), out.Close())
}

// digestFiles returns a digest of names, modes and contents, and the total size.
func digestFiles(fsys fs.FS) (digest string, size int64, err error) {
	sum := sha256.New()
	err = fs.WalkDir(fsys, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%q %v %d\n", name, info.Mode(), info.Size())
		switch {
		case entry.Type()&fs.ModeSymlink != 0:
			target, err := fs.ReadLink(fsys, name)
			fmt.Fprintf(sum, "%q\n", target)
			return err
		case !entry.Type().IsRegular():
			return nil
		}
		f, err := fsys.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		n, err := io.Copy(sum, f)
		size += n
		return err
	})
	return "sha256:" + hex.EncodeToString(sum.Sum(nil)), size, err
}

// shown returns the short id of the image after an instruction.
func (b *builder) shown(i dockerfile.Instruction) string {
	switch {
	case b.image == nil, i.Name == "FROM" && b.image.parent == "":
		return ""
	case i.Name == "FROM":
		return short(strings.TrimPrefix(b.image.parent, "sha256:"))
	}
	return short(strings.TrimPrefix(b.image.digest(), "sha256:"))
}

// finish moves the files to their place and registers the image.
func (b *builder) finish(labels map[string]string, tags []string) (*image, error) {
	e, img := b.engine, b.image
	img.created = time.Now()
	if len(labels) > 0 {
		img.config.Labels = merged(img.config.Labels, labels)
	}
	e.mu.Lock() // the same files may belong to an image that is being removed
	defer e.mu.Unlock()
	if img.files != "" {
		img.root = e.path("images", strings.TrimPrefix(img.files, "sha256:"))
		if _, err := os.Stat(img.root); errors.Is(err, fs.ErrNotExist) {
			if err := os.Rename(b.root, img.root); err != nil {
				return nil, err
			}
		}
	}
	return e.images.add(img, tags...), nil
}

// pruneBuilds is POST /build/prune: there is no cache.
func pruneBuilds(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, struct {
		CachesDeleted  []string
		SpaceReclaimed int64
	}{})
}

// unpack writes a tar archive, gzipped or not, into a new directory, and nothing outside it.
func unpack(r io.Reader, dir string) (*os.Root, error) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	if err := unpackInto(root, r); err != nil {
		root.Close()
		return nil, err
	}
	return root, nil
}

func unpackInto(root *os.Root, r io.Reader) error {
	in := bufio.NewReader(r)
	var archive io.Reader = in
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(in)
		if err != nil {
			return err
		}
		defer z.Close()
		archive = z
	}
	t := tar.NewReader(archive)
	left := int64(contextLimit)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			// The client sends the padding, too, before it reads the answer.
			_, err := io.Copy(io.Discard, in)
			return err
		}
		if err != nil {
			return err
		}
		name := path.Clean("/" + h.Name)[1:]
		if name == "" {
			continue
		}
		if strings.HasPrefix(path.Clean(h.Name), "../") {
			return fmt.Errorf("%s is outside of the context", h.Name)
		}
		if left -= h.Size; left < 0 {
			return fmt.Errorf("it is larger than %d bytes", contextLimit)
		}
		if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
			return err
		}
		switch h.Typeflag {
		case tar.TypeDir:
			err = root.MkdirAll(name, 0o755)
		case tar.TypeReg:
			err = unpackFile(root, name, t, fs.FileMode(h.Mode)&0o777)
		case tar.TypeSymlink:
			err = root.Symlink(h.Linkname, name)
		case tar.TypeLink:
			err = root.Link(path.Clean("/" + h.Linkname)[1:], name)
		case tar.TypeXGlobalHeader:
		default:
			err = fmt.Errorf("%s is neither a file nor a directory", h.Name)
		}
		if err != nil {
			return err
		}
	}
}

func unpackFile(root *os.Root, name string, r io.Reader, mode fs.FileMode) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Chmod(mode|0o400), f.Close())
}
