package main

import (
	"archive/tar"
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// wanted are the programs that an image has beside workshop: those of Debian's essential packages that
// an exercise may type, and procps. The deck that is built in needs no others.
var wanted = []string{
	"base-files", "bash", "coreutils", "dash", "debianutils", "diffutils", "findutils", "grep", "gzip", "hostname",
	"libc-bin", "mawk", "ncurses-base", "ncurses-bin", "procps", "sed", "tar", "util-linux",
}

// unwanted are packages that the wanted ones depend on only for their installation, which an image does
// without, and the dependencies of these.
var unwanted = map[string]bool{
	"debconf": true, "dpkg": true, "init-system-helpers": true, "libaudit-common": true, "libbz2-1.0": true, "libdb5.3": true,
	"libfile-find-rule-perl": true,
	"libgdbm-compat4":        true, "libgdbm6": true, "libmd0": true, "libnumber-compare-perl": true, "libperl5.36": true,
	"libtext-glob-perl": true,
	"perl":              true, "perl-base": true, "perl-modules-5.36": true, "usrmerge": true, "util-linux-extra": true,
}

// A pin is one Debian package of an image, down to its bytes.
type pin struct {
	name, version, architecture, sum string
}

// pinsHead explains the file of the pins.
const pinsHead = `# The Debian packages of the image (make image): name, version, architecture, SHA-256.
# make image-pins writes this file anew, with the versions that apt knows now.
`

// readPins reads the pins for a processor.
func readPins(name string) ([]pin, error) {
	data, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: make image-pins writes it on a Debian machine of this processor", err)
	}
	if err != nil {
		return nil, err
	}
	var pins []pin
	for i, line := range strings.Split(string(data), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Fields(line)
		if len(f) != 4 {
			return nil, fmt.Errorf("%s:%d: %q is no pin: a name, a version, an architecture and a SHA-256", name, i+1, line)
		}
		pins = append(pins, pin{f[0], f[1], f[2], f[3]})
	}
	return pins, nil
}

// writePins asks apt for the newest versions of the wanted packages and of those they need.
func writePins(name string) error {
	args := []string{
		"install", "--print-uris", "--yes", "-qq", "--no-install-recommends",
		"-o", "Dir::State::status=/dev/null", // as if nothing was installed
	}
	list, err := run("", os.Environ(), "apt-get", append(args, wanted...)...)
	if err != nil {
		return err
	}
	var pins []pin
	for line := range strings.Lines(string(list)) {
		f := strings.Fields(line) // the URI, the name of the file, its size, perhaps a checksum
		if len(f) < 3 {
			continue
		}
		parts := strings.Split(strings.TrimSuffix(f[1], ".deb"), "_")
		if len(parts) != 3 {
			return fmt.Errorf("apt-get names a file %s", f[1])
		}
		p := pin{name: parts[0], version: strings.ReplaceAll(parts[1], "%3a", ":"), architecture: parts[2]}
		if unwanted[p.name] {
			continue
		}
		about, err := run("", os.Environ(), "apt-cache", "show", p.name+"="+p.version)
		if err != nil {
			return err
		}
		for field := range strings.Lines(string(about)) {
			if sum, ok := strings.CutPrefix(field, "SHA256: "); ok {
				p.sum = strings.TrimSpace(sum)
			}
		}
		if p.sum == "" {
			return fmt.Errorf("apt knows no SHA-256 of %s %s: run apt-get update first", p.name, p.version)
		}
		pins = append(pins, p)
	}
	slices.SortFunc(pins, func(a, b pin) int { return cmp.Compare(a.name, b.name) })
	text := pinsHead
	for _, p := range pins {
		text += fmt.Sprintf("%s %s %s %s\n", p.name, p.version, p.architecture, p.sum)
	}
	fmt.Printf("%s: %d packages\n", name, len(pins))
	return os.WriteFile(name, []byte(text), 0o644)
}

// fetch returns the file of a package, from the cache or by apt. Its bytes are those of the pin.
func (p pin) fetch(cache string) (string, error) {
	name := filepath.Join(cache, p.sum+".deb")
	if data, err := os.ReadFile(name); err == nil && fmt.Sprintf("%x", sha256.Sum256(data)) == p.sum {
		return name, nil
	}
	dir, err := os.MkdirTemp(cache, "download-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil {
		return "", err
	}
	const renew = "\nhint: apt-get update may help; if Debian has a newer version in its place, make image-pins renews the list"
	if _, err := run(dir, os.Environ(), "apt-get", "download", "-qq", "-o", "APT::Sandbox::User=", p.name+"="+p.version); err != nil {
		return "", fmt.Errorf("%s %s: %w%s", p.name, p.version, err, renew)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.deb"))
	if err != nil || len(files) != 1 {
		return "", fmt.Errorf("%s %s: apt-get left %d files", p.name, p.version, len(files))
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		return "", err
	}
	if sum := fmt.Sprintf("%x", sha256.Sum256(data)); sum != p.sum {
		return "", fmt.Errorf("%s %s has the SHA-256 %s, and the list says %s%s", p.name, p.version, sum, p.sum, renew)
	}
	return name, os.Rename(files[0], name)
}

// A tree holds the members of a layer by their names, without a slash at either end.
type tree map[string]member

type member struct {
	header *tar.Header
	data   []byte
}

// put adds a file, whose directories the tree has or gets in pack.
func (t tree) put(name string, mode int64, data []byte, at time.Time) {
	t[name] = member{&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: mode, Size: int64(len(data)), ModTime: at}, data}
}

func (t tree) link(name, to string, at time.Time) {
	t[name] = member{&tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: to, Mode: 0o777, ModTime: at}, nil}
}

func (t tree) dir(name string, mode int64, at time.Time) {
	t[name] = member{&tar.Header{Typeflag: tar.TypeDir, Name: name, Mode: mode, ModTime: at}, nil}
}

// merged are the directories that are links into /usr.
var merged = []string{"bin", "lib", "lib64", "sbin"}

// place returns the path of a package's file in the image, or "" for a file that it does without: manuals, translations,
// documents other than licences.
func place(name string) string {
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	if top, _, _ := strings.Cut(name, "/"); slices.Contains(merged, top) {
		name = "usr/" + name
	}
	for _, folder := range []string{
		"usr/share/man", "usr/share/info", "usr/share/locale", "usr/share/lintian", "usr/share/bug", "usr/share/doc-base",
		"usr/share/menu", "usr/share/bash-completion", "usr/share/debianutils",
		"usr/lib/x86_64-linux-gnu/gconv", "usr/lib/aarch64-linux-gnu/gconv",
		"var/cache", "var/backups", "boot", "home", "etc/init.d", "etc/default", "etc/cron.daily", "etc/rmt",
	} {
		if name == folder || strings.HasPrefix(name, folder+"/") {
			return ""
		}
	}
	// usr/share/doc/NAME may be a link to the folder of another package, with its licence.
	depth := strings.Count(name, "/")
	if strings.HasPrefix(name, "usr/share/doc/") && (depth > 4 || depth == 4 && path.Base(name) != "copyright") {
		return ""
	}
	return name
}

// unpack adds the files of a package, and the description by which scanners know it. Nothing of it is run: the
// function debian does the work of these packages' installation scripts.
func (t tree) unpack(p pin, file string) error {
	cmd := exec.Command("dpkg-deb", "--fsys-tarfile", file)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: dpkg-deb: %w\n%s", p.name, err, said.Bytes())
	}
	var newest time.Time
	for r := tar.NewReader(bytes.NewReader(out)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		name := place(h.Name)
		if name == "" {
			continue
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
		if h.ModTime.After(newest) {
			newest = h.ModTime
		}
		if old, ok := t[name]; ok && h.Typeflag == tar.TypeDir && old.header.Typeflag == tar.TypeDir {
			continue
		}
		// All belongs to root, and no file changes the user of its process.
		n := &tar.Header{Typeflag: h.Typeflag, Name: name, Mode: h.Mode &^ 0o6000, Size: h.Size, ModTime: h.ModTime}
		switch h.Typeflag {
		case tar.TypeSymlink:
			n.Linkname = h.Linkname
		case tar.TypeLink:
			n.Linkname = place(h.Linkname)
		}
		t[name] = member{n, data}
	}
	control, err := run("", os.Environ(), "dpkg-deb", "--field", file)
	t.put("var/lib/dpkg/status.d/"+p.name, 0o644, control, newest)
	return err
}

// debian returns the files of the packages, with those that their installation would make.
func debian(pins []pin, cache string) (tree, error) {
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return nil, err
	}
	t := tree{}
	for _, p := range pins {
		file, err := p.fetch(cache)
		if err != nil {
			return nil, err
		}
		if err := t.unpack(p, file); err != nil {
			return nil, err
		}
	}
	at := t.newest()
	for _, name := range merged {
		t.link(name, "usr/"+name, at)
	}
	t.link("usr/bin/awk", "mawk", at)
	t.link("usr/bin/which", "which.debianutils", at)
	t.put("etc/passwd", 0o644, []byte("root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/bin/bash\n"), at)
	t.put("etc/group", 0o644, []byte("root:x:0:\ntty:x:5:\nnogroup:x:65534:\n"), at)
	t.put("etc/nsswitch.conf", 0o644, []byte("passwd: files\ngroup: files\nhosts: files dns\n"), at)
	t.dir("tmp", 0o1777, at)
	t.dir("root", 0o700, at)
	t.dir("course", 0o755, at)
	for name, m := range t {
		if m.header.Typeflag == tar.TypeLink {
			if _, ok := t[m.header.Linkname]; !ok {
				return nil, fmt.Errorf("/%s is a link to /%s, which the image does without", name, m.header.Linkname)
			}
		}
	}
	return t, nil
}

func (t tree) newest() time.Time {
	var newest time.Time
	for _, m := range t {
		if m.header.ModTime.After(newest) {
			newest = m.header.ModTime
		}
	}
	return newest
}

// pack writes the tree as a layer, with the directories that are missing, in the order of the names. Hard links
// follow their files.
func (t tree) pack(w io.Writer, at time.Time) error {
	for _, name := range slices.Collect(maps.Keys(t)) {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if _, ok := t[dir]; !ok {
				t.dir(dir, 0o755, at)
			}
		}
	}
	names := slices.SortedFunc(maps.Keys(t), func(a, b string) int {
		linked := func(name string) int {
			if t[name].header.Typeflag == tar.TypeLink {
				return 1
			}
			return 0
		}
		return cmp.Or(linked(a)-linked(b), cmp.Compare(a, b))
	})
	out := tar.NewWriter(w)
	for _, name := range names {
		m := t[name]
		m.header.ModTime = m.header.ModTime.Truncate(time.Second).UTC()
		m.header.Format = tar.FormatPAX
		if m.header.Typeflag == tar.TypeDir {
			m.header.Name = name + "/"
		}
		if err := out.WriteHeader(m.header); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if _, err := out.Write(m.data); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return out.Close()
}
