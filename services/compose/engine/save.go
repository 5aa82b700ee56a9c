package engine

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// saveImage is GET /images/{name}/get, and saveImages is GET /images/get?names=…. The answer is an
// archive for `docker load` on another engine.
func (e *Engine) saveImage(w http.ResponseWriter, r *http.Request) error {
	return e.save(w, []string{r.PathValue("name")})
}

func (e *Engine) saveImages(w http.ResponseWriter, r *http.Request) error {
	return e.save(w, r.URL.Query()["names"])
}

// saved is an image with its names in the archive.
type saved struct {
	*image
	tags []string
}

// save writes the images into one archive. It contains each layer once.
func (e *Engine) save(w http.ResponseWriter, names []string) error {
	var list []saved
	for _, name := range names {
		img, err := e.images.find(name)
		if err != nil {
			return err
		}
		s := saved{image: img, tags: []string{}}
		if slices.Contains(e.images.tags(img), tagged(name)) {
			s.tags = []string{tagged(name)}
		}
		list = append(list, s)
	}
	work, err := os.MkdirTemp(e.state, "save-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	a := bundle{engine: e, dir: work, layers: map[string]bool{}}
	for _, img := range list {
		if err := a.add(img); err != nil {
			return fmt.Errorf("save %s: %w", img.short(), err)
		}
	}
	w.Header().Set("Content-Type", "application/x-tar")
	w.WriteHeader(http.StatusOK)
	return a.write(w)
}

// bundle is a docker-archive: manifest.json, a configuration for each image, and
// layers. https://github.com/moby/docker-image-spec/blob/main/v1.2.md
type bundle struct {
	engine   *Engine
	dir      string // of the layers, by digest
	layers   map[string]bool
	manifest []manifestEntry
	configs  map[string][]byte
}

type manifestEntry struct {
	Config   string
	RepoTags []string
	Layers   []string
}

// exchanged is an image's configuration in the format that engines exchange.
type exchanged struct {
	Architecture string    `json:"architecture"`
	OS           string    `json:"os"`
	Created      time.Time `json:"created"`
	Config       config    `json:"config"`
	RootFS       struct {
		Type    string   `json:"type"`
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
	History []exchangedStep `json:"history"`
}

type exchangedStep struct {
	Created    time.Time `json:"created"`
	CreatedBy  string    `json:"created_by"`
	EmptyLayer bool      `json:"empty_layer,omitempty"`
}

func (a *bundle) add(img saved) error {
	c := exchanged{Architecture: runtime.GOARCH, OS: "linux", Created: img.created.UTC(), Config: img.config}
	c.RootFS.Type, c.RootFS.DiffIDs = "layers", []string{}
	entry := manifestEntry{RepoTags: img.tags, Layers: []string{}}
	var contents []string
	if img.base {
		contents = append(contents, "FROM workshop")
		if err := a.layer(&c, &entry, a.engine.packPrograms); err != nil {
			return err
		}
	}
	if img.root != "" {
		contents = append(contents, "COPY files")
		if err := a.layer(&c, &entry, func(t *tar.Writer) error { return packFiles(t, img.root) }); err != nil {
			return err
		}
	}
	for _, what := range contents {
		c.History = append(c.History, exchangedStep{Created: c.Created, CreatedBy: what})
	}
	for _, instruction := range img.history {
		c.History = append(c.History, exchangedStep{Created: c.Created, CreatedBy: instruction, EmptyLayer: true})
	}
	b, err := json.Marshal(c)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(b)
	entry.Config = hex.EncodeToString(sum[:]) + ".json"
	if a.configs == nil {
		a.configs = map[string][]byte{}
	}
	a.configs[entry.Config] = b
	a.manifest = append(a.manifest, entry)
	return nil
}

// layer packs files into a layer of an image.
func (a *bundle) layer(c *exchanged, entry *manifestEntry, pack func(*tar.Writer) error) error {
	f, err := os.CreateTemp(a.dir, "layer-")
	if err != nil {
		return err
	}
	defer f.Close()
	sum := sha256.New()
	t := tar.NewWriter(io.MultiWriter(f, sum))
	if err := errors.Join(pack(t), t.Close()); err != nil {
		return err
	}
	digest := hex.EncodeToString(sum.Sum(nil))
	if err := os.Rename(f.Name(), filepath.Join(a.dir, digest)); err != nil {
		return err
	}
	a.layers[digest] = true
	c.RootFS.DiffIDs = append(c.RootFS.DiffIDs, "sha256:"+digest)
	entry.Layers = append(entry.Layers, digest+"/layer.tar")
	return nil
}

// write writes the archive.
func (a *bundle) write(w io.Writer) error {
	t := tar.NewWriter(w)
	for digest := range a.layers {
		if err := packFile(t, digest+"/layer.tar", filepath.Join(a.dir, digest), 0o644); err != nil {
			return err
		}
	}
	for name, b := range a.configs {
		if err := packBytes(t, name, b); err != nil {
			return err
		}
	}
	b, err := json.Marshal(a.manifest)
	if err != nil {
		return err
	}
	return errors.Join(packBytes(t, "manifest.json", b), t.Close())
}

// packPrograms packs the base image: the executable, once, under all its names. The machine's
// programs are not included.
func (e *Engine) packPrograms(t *tar.Writer) error {
	for _, dir := range []string{"bin/", "tmp/"} {
		if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir, Mode: 0o1777}); err != nil {
			return err
		}
	}
	if err := packFile(t, "bin/workshop", e.opts.Executable, 0o755); err != nil {
		return err
	}
	names := slices.Sorted(slices.Values(e.opts.Commands))
	for _, name := range names {
		if err := t.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: "bin/" + name, Linkname: "workshop", Mode: 0o777}); err != nil {
			return err
		}
	}
	return nil
}

// packFiles packs a directory without times, so that the same files give the same layer.
func packFiles(t *tar.Writer, dir string) error {
	return filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		if err != nil || rel == "." {
			return err
		}
		rel = filepath.ToSlash(rel)
		info, err := entry.Info()
		if err != nil {
			return err
		}
		switch {
		case entry.IsDir():
			return t.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: rel + "/", Mode: int64(info.Mode().Perm())})
		case entry.Type()&fs.ModeSymlink != 0:
			target, err := os.Readlink(name)
			if err != nil {
				return err
			}
			return t.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: rel, Linkname: target, Mode: 0o777})
		case entry.Type().IsRegular():
			return packFile(t, rel, name, info.Mode().Perm())
		}
		return fmt.Errorf("%s is neither a file nor a directory", path.Join("/", strings.TrimPrefix(rel, "/")))
	})
}

func packFile(t *tar.Writer, name, from string, mode fs.FileMode) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if err := t.WriteHeader(&tar.Header{Name: name, Mode: int64(mode), Size: info.Size()}); err != nil {
		return err
	}
	_, err = io.Copy(t, f)
	return err
}

func packBytes(t *tar.Writer, name string, b []byte) error {
	if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(b))}); err != nil {
		return err
	}
	_, err := io.Copy(t, bytes.NewReader(b))
	return err
}
