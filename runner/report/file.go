package report

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// IsOutput reports whether a report's file is standard output.
func IsOutput(file string) bool {
	fd, ok := descriptor(file)
	return file == "-" || ok && fd == 1
}

// descriptor is the number of the open file that a name stands for, such as /dev/stdout.
func descriptor(name string) (fd int, ok bool) {
	name = filepath.Clean(name)
	if i := slices.Index([]string{"/dev/stdin", "/dev/stdout", "/dev/stderr"}, name); i >= 0 {
		return i, true
	}
	for _, dir := range []string{"/dev/fd/", "/proc/self/fd/"} {
		if number, ok := strings.CutPrefix(name, dir); ok {
			fd, err := strconv.Atoi(number)
			return fd, err == nil
		}
	}
	return 0, false
}

// claim reserves a file for one report: of two, the second would overwrite the first.
func (f *Files) claim(name string, stdout io.Writer) error {
	old, err := os.Stat(name)
	if _, ok := descriptor(name); ok || err == nil && !old.Mode().IsRegular() { // an open file, a device or a pipe may have many writers
		return nil
	}
	if out, ok := stdout.(*os.File); ok && err == nil {
		if now, err := out.Stat(); err == nil && os.SameFile(old, now) {
			return fmt.Errorf("the report %s would overwrite standard output, which goes to that file (- is standard output)", name)
		}
	}
	real, err := filepath.EvalSymlinks(name)
	if err != nil { // it is made by this report
		dir, err := filepath.EvalSymlinks(filepath.Dir(name))
		if err != nil {
			return nil //nolint:nilerr // the file cannot be made, which create says
		}
		real = filepath.Join(dir, filepath.Base(name))
	}
	if real, err = filepath.Abs(real); err != nil {
		return err
	}
	if slices.Contains(f.names, real) {
		return fmt.Errorf("two reports cannot be written to one file, %s", name)
	}
	f.names = append(f.names, real)
	return nil
}

// create opens a file for a report. If the report is written as a whole, the file gets its name
// only when it is complete.
func create(name string, whole bool) (io.WriteCloser, error) {
	// An open file keeps its place. Opened by its name, it would be cut, and written from the start.
	if fd, ok := descriptor(name); ok {
		return reuse(name, fd)
	}
	// A file that is not a plain file, such as a pipe, can be neither replaced nor removed.
	old, err := os.Lstat(name)
	if !whole || err == nil && !old.Mode().IsRegular() {
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC|os.O_APPEND, 0o666)
		if err != nil {
			return nil, err
		}
		return streamedFile{f}, nil
	}
	if err == nil {
		if err := os.Remove(name); err != nil {
			return nil, err
		}
	}
	// Not os.CreateTemp: other users may have to read it, depending on the umask.
	dir, base := filepath.Split(name) // as it is written: a folder that is not there is found now
	temp := fmt.Sprintf("%s.%s.%d", dir, base, os.Getpid())
	f := &wholeFile{name: name, temp: temp}
	return f, f.try()
}

// streamedFile is written during the run, under its own name.
type streamedFile struct{ *os.File }

// Close fails if the file has lost its name: a deck that cleans its directory may have removed it.
func (f streamedFile) Close() error {
	own, err := f.Stat()
	if err == nil && own.Mode().IsRegular() {
		if now, named := os.Stat(f.Name()); named != nil || !os.SameFile(own, now) {
			err = fmt.Errorf("%s was removed or replaced during the run", f.Name())
		}
	}
	return errors.Join(err, f.File.Close())
}

// wholeFile is written under another name, and gets its own when it is closed, if something was written
// without an error.
type wholeFile struct {
	name, temp string
	file       *os.File // nil before the first byte: a run that is killed leaves nothing behind
	err        error
}

func (f *wholeFile) open() (err error) {
	f.file, err = os.OpenFile(f.temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	return err
}

// try finds out whether the file can be made.
func (f *wholeFile) try() error {
	if err := f.open(); err != nil {
		return err
	}
	err := errors.Join(f.file.Close(), os.Remove(f.temp))
	f.file = nil
	return err
}

func (f *wholeFile) Write(b []byte) (n int, err error) {
	if f.file == nil {
		f.err = f.open()
	}
	if f.err != nil {
		return 0, f.err
	}
	n, f.err = f.file.Write(b)
	return n, f.err
}

func (f *wholeFile) Close() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	if err != nil || f.err != nil {
		return errors.Join(err, os.Remove(f.temp))
	}
	return os.Rename(f.temp, f.name)
}
