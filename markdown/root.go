package markdown

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// Root is a directory as a file system that nothing leads out of, as in [os.Root.FS]. Other
// than there, a symbolic link with an absolute target inside the directory is followed, and
// the error of a link that leads out names the target.
type Root struct {
	root *os.Root
	fsys rootFS
	dir  string // without symbolic links
}

// rootFS is the part of [os.Root.FS] that is used.
type rootFS interface {
	fs.ReadDirFS
	fs.ReadFileFS
	fs.StatFS
	fs.ReadLinkFS
}

// OpenRoot opens a directory.
func OpenRoot(dir string) (*Root, error) {
	dir, err := filepath.Abs(dir)
	if err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	return &Root{root, root.FS().(rootFS), dir}, nil
}

// Close closes the directory. Files that were opened stay open.
func (r *Root) Close() error { return r.root.Close() }

// Open opens a file.
func (r *Root) Open(name string) (fs.File, error) { return follow(r, name, r.fsys.Open) }

// Stat describes a file, or the target of a link.
func (r *Root) Stat(name string) (fs.FileInfo, error) { return follow(r, name, r.fsys.Stat) }

// ReadFile reads a file.
func (r *Root) ReadFile(name string) ([]byte, error) { return follow(r, name, r.fsys.ReadFile) }

// ReadDir reads a directory.
func (r *Root) ReadDir(name string) ([]fs.DirEntry, error) { return follow(r, name, r.fsys.ReadDir) }

// Lstat describes a file or a link.
func (r *Root) Lstat(name string) (fs.FileInfo, error) { return r.fsys.Lstat(name) }

// ReadLink returns the target of a link.
func (r *Root) ReadLink(name string) (string, error) { return r.fsys.ReadLink(name) }

// outsideError is the error of a symbolic link that leads out of a [Root].
type outsideError struct {
	target string // relative to the root
	shown  string // to the user
}

func (e *outsideError) Error() string { return "a link to " + e.shown + ", outside of the root" }

// follow does something with a file. Where that fails because of a link, the target takes the
// place of the name: os.Root decides again whether it is inside.
func follow[T any](r *Root, name string, do func(name string) (T, error)) (T, error) {
	v, err := do(name)
	if err == nil || errors.Is(err, fs.ErrNotExist) || !fs.ValidPath(name) {
		return v, err
	}
	real, linkErr := filepath.EvalSymlinks(filepath.Join(r.dir, filepath.FromSlash(name)))
	if errors.Is(linkErr, fs.ErrNotExist) {
		return v, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	target, relErr := filepath.Rel(r.dir, real)
	switch target = filepath.ToSlash(target); {
	case linkErr != nil || relErr != nil || target == name:
		return v, err
	case !fs.ValidPath(target):
		return v, &fs.PathError{Op: "open", Path: name, Err: &outsideError{target, target}}
	}
	return do(target)
}
