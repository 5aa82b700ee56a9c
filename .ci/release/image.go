package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"
)

// person is the user of the image, nobody: Kubernetes wants a number to see that it is not root.
const person = "65534:65534"

// A blob is a part of an image, named by its checksum.
type blob struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Annotations map[string]string `json:"annotations,omitempty"`
	Platform    map[string]string `json:"platform,omitempty"`
	data        []byte
}

func newBlob(kind string, data []byte) blob {
	digest := fmt.Sprintf("sha256:%x", sha256.Sum256(data))
	return blob{MediaType: "application/vnd.oci.image." + kind, Digest: digest, Size: len(data), data: data}
}

func (b blob) path() string { return "blobs/sha256/" + b.Digest[len("sha256:"):] }

// options say which image is wanted.
type options struct {
	root, out, cache string
	processor        string
	name             string // of the image
	course           string // a deck for /course, or ""
}

// image writes an image into the folder out: a layer of the pinned Debian packages, one of the binary, and one of
// a deck. The file is an image layout of OCI, and has the list that docker load looks for as well.
func image(o options) error {
	root, processor := o.root, o.processor
	version, at, err := commit(root)
	if err != nil {
		return err
	}
	pins, err := readPins(filepath.Join(root, ".ci", "release", "pins-"+processor))
	if err != nil {
		return err
	}
	packages, err := debian(pins, o.cache)
	if err != nil {
		return err
	}
	binary, err := build(root, "linux", processor)
	if err != nil {
		return err
	}
	licence, err := os.ReadFile(filepath.Join(root, "LICENSE"))
	if err != nil {
		return err
	}
	own := tree{}
	own.put("usr/bin/workshop", 0o755, binary, at)
	own.put("usr/share/doc/workshop/copyright", 0o644, licence, at)

	trees := []tree{packages, own}
	history := []map[string]string{
		{"created": at.Format(time.RFC3339), "created_by": fmt.Sprintf("%d Debian packages", len(pins))},
		{"created": at.Format(time.RFC3339), "created_by": "workshop " + version},
	}
	if o.course != "" {
		t, err := course(o.course, at)
		if err != nil {
			return err
		}
		trees = append(trees, t)
		history = append(history, map[string]string{"created": at.Format(time.RFC3339), "created_by": "the course"})
	}

	var layers []blob
	var ids, places []string
	for _, t := range trees {
		var plain bytes.Buffer
		if err := t.pack(&plain, t.newest()); err != nil {
			return err
		}
		packed, err := compressed(plain.Bytes())
		if err != nil {
			return err
		}
		ids = append(ids, fmt.Sprintf("sha256:%x", sha256.Sum256(plain.Bytes())))
		layers = append(layers, newBlob("layer.v1.tar+gzip", packed))
		places = append(places, layers[len(layers)-1].path())
	}
	config, err := json.Marshal(map[string]any{
		"created": at.Format(time.RFC3339), "architecture": processor, "os": "linux",
		"config": map[string]any{
			"User": person, "WorkingDir": "/course", "Entrypoint": []string{"workshop"},
			"Env": []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG=C.UTF-8"},
			"Labels": map[string]string{
				"org.opencontainers.image.title": "workshop", "org.opencontainers.image.version": version,
				"org.opencontainers.image.created": at.Format(time.RFC3339),
			},
		},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": ids},
		"history": history,
	})
	if err != nil {
		return err
	}
	about := newBlob("config.v1+json", config)
	manifest, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": about, "layers": layers,
	})
	if err != nil {
		return err
	}
	whole := newBlob("manifest.v1+json", manifest)
	name := o.name + ":" + version
	whole.Annotations = map[string]string{"io.containerd.image.name": "localhost/" + name, "org.opencontainers.image.ref.name": version}
	whole.Platform = map[string]string{"architecture": processor, "os": "linux"}
	index, err := json.Marshal(map[string]any{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []blob{whole},
	})
	if err != nil {
		return err
	}
	docker, err := json.Marshal([]map[string]any{{
		"Config": about.path(), "RepoTags": []string{name}, "Layers": places,
	}})
	if err != nil {
		return err
	}

	files := []file{
		{"oci-layout", 0o644, []byte(`{"imageLayoutVersion":"1.0.0"}`)}, {"index.json", 0o644, index}, {"manifest.json", 0o644, docker},
	}
	for _, b := range append(slices.Clone(layers), about, whole) {
		files = append(files, file{b.path(), 0o644, b.data})
	}
	var all bytes.Buffer
	if err := packFiles(&all, "", files, at); err != nil {
		return err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return err
	}
	target := filepath.Join(o.out, fmt.Sprintf("%s-%s-image-%s.tar", o.name, version, processor))
	if err := os.WriteFile(target, all.Bytes(), 0o644); err != nil {
		return err
	}
	fmt.Printf("%s: the image %s, %.1f MB: %d Debian packages %.1f MB, the binary %.1f MB\n", filepath.Base(target), name,
		float64(all.Len())/1e6, len(pins), float64(layers[0].Size)/1e6, float64(layers[1].Size)/1e6)
	return nil
}

// course returns the files of a deck, in /course under the name of its folder. Everyone may read them.
func course(folder string, at time.Time) (tree, error) {
	folder, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	t := tree{}
	return t, filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		inside, err := filepath.Rel(filepath.Dir(folder), name)
		if err != nil {
			return err
		}
		inside = path.Join("course", filepath.ToSlash(inside))
		info, err := d.Info()
		switch {
		case err != nil:
			return err
		case info.Mode().IsRegular():
			data, err := os.ReadFile(name)
			t.put(inside, int64(0o644|info.Mode()&0o111), data, at)
			return err
		case info.Mode()&fs.ModeSymlink != 0:
			to, err := os.Readlink(name)
			t.link(inside, to, at)
			return err
		}
		return fmt.Errorf("%s is neither a file nor a link", name)
	})
}

// compressed returns data as gzip writes it without a time or a name.
func compressed(data []byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	_, err = z.Write(data)
	err = errors.Join(err, z.Close())
	return b.Bytes(), err
}

// packFiles writes files as a tar archive.
func packFiles(w io.Writer, folder string, files []file, at time.Time) error {
	t := tar.NewWriter(w)
	for _, f := range files {
		name := filepath.ToSlash(filepath.Join(folder, f.name))
		h := &tar.Header{Name: name, Mode: f.mode, Size: int64(len(f.data)), ModTime: at, Format: tar.FormatUSTAR}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(f.data); err != nil {
			return err
		}
	}
	return t.Close()
}
