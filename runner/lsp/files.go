package lsp

import (
	"bytes"
	"io/fs"
	"path"
	"path/filepath"
	"time"
)

// overlay is a directory in which the open documents replace the saved files. It records which
// files are read.
type overlay struct {
	top   string
	base  fs.FS
	open  map[string]*document // by absolute path
	asked map[string]bool      // absolute paths
}

func (o *overlay) abs(name string) string { return filepath.Join(o.top, filepath.FromSlash(name)) }

func (o *overlay) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	abs := o.abs(name)
	o.asked[abs] = true
	if d := o.open[abs]; d != nil {
		return &buffer{bytes.NewReader([]byte(d.text)), bufferInfo{path.Base(name), int64(len(d.text))}}, nil
	}
	return o.base.Open(name)
}

// buffer is a document as a file.
type buffer struct {
	*bytes.Reader
	info bufferInfo
}

func (b *buffer) Stat() (fs.FileInfo, error) { return b.info, nil }
func (b *buffer) Close() error               { return nil }

type bufferInfo struct {
	name string
	size int64
}

func (i bufferInfo) Name() string       { return i.name }
func (i bufferInfo) Size() int64        { return i.size }
func (i bufferInfo) Mode() fs.FileMode  { return 0o444 }
func (i bufferInfo) ModTime() time.Time { return time.Time{} }
func (i bufferInfo) IsDir() bool        { return false }
func (i bufferInfo) Sys() any           { return nil }

// nothing is a directory without files. It is used for a document that is not a file.
type nothing struct{}

func (nothing) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}
