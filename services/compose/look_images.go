package compose

import (
	"context"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/docker/go-units"
)

// imagesLook prints the output of `images`.
type imagesLook interface {
	query(opts options) query
	print(s *session, opts options, list []containerImage) error
}

// containerImage is a container and its image; image is nil if it has been removed.
type containerImage struct {
	*container
	image *image
}

func images(ctx context.Context, s *session, opts options) error {
	containers, err := s.containers(ctx, s.style.images.query(opts))
	if err != nil {
		return err
	}
	slices.SortFunc(containers, byName)
	var list []containerImage
	for _, c := range containers {
		img, err := s.image(ctx, c.Image)
		if err != nil {
			return err
		}
		list = append(list, containerImage{c, img})
	}
	return s.style.images.print(s, opts, list)
}

type (
	v1Images struct{}
	v5Images struct{}
)

func (v1Images) query(opts options) query {
	return query{services: opts.args, all: true, oneOffs: withOneOffs}
}

func (v1Images) print(s *session, opts options, list []containerImage) error {
	if opts.has("quiet") {
		var ids []string
		for _, c := range list {
			_, id, _ := strings.Cut(c.Image, ":")
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
				s.printf("%s\n", id)
			}
		}
		return nil
	}
	var rows [][]string
	for _, c := range list {
		if c.image == nil {
			return &apiError{http.StatusNotFound, "No such image: " + c.Image}
		}
		repository, tag := imageTag(s, c)
		_, id, _ := strings.Cut(c.image.ID, ":")
		rows = append(rows, []string{c.name, repository, tag, id[:12], v1Size(c.image.Size)})
	}
	header := []string{"Container", "Repository", "Tag", "Image Id", "Size"}
	s.printf("%s", textTable(header, rows, s.width(unlimited)))
	return nil
}

// imageTag returns the name of a container's image: the name in the Compose file if the image still
// has it, else the first of its tags.
func imageTag(s *session, c containerImage) (repository, tag string) {
	if len(c.image.RepoTags) == 0 {
		return "<none>", "<none>"
	}
	svc, _ := s.project.service(c.service())
	repository, tag = splitTag(s.imageName(svc))
	if slices.Contains(c.image.RepoTags, repository+":"+tag) {
		return repository, tag
	}
	return splitTag(c.image.RepoTags[0])
}

// v1Size formats a size in decimal units with four significant digits.
func v1Size(n int64) string {
	units := []string{"B", "kB", "MB", "GB", "TB", "PB", "EB"}
	order := 0
	if n > 0 {
		order = min(int(math.Log(float64(n))/math.Log(1000)), len(units)-1)
	}
	return strconv.FormatFloat(float64(n)/math.Pow(1000, float64(order)), 'g', 4, 64) + " " + units[order]
}

func (v5Images) query(opts options) query {
	return query{services: opts.args, all: true, unknown: true}
}

func (v5Images) print(s *session, opts options, list []containerImage) error {
	var rows [][]string
	details := []v5Image{}
	seen := map[string]bool{}
	for _, c := range list {
		img := c.image
		if img == nil {
			return nil
		}
		_, id, _ := strings.Cut(img.ID, ":")
		if opts.has("quiet") {
			if !seen[id] {
				s.printf("%s\n", id)
			}
			seen[id] = true
			continue
		}
		repository, tag := imageTag(s, c)
		platform := strings.TrimSuffix(img.Os+"/"+img.Architecture+"/"+img.Variant, "/")
		details = append(details, v5Image{img.ID, c.name, repository, tag, platform, img.Size, img.Created, img.Metadata.LastTagTime})
		size := units.HumanSizeWithPrecision(float64(img.Size), 3)
		rows = append(rows, []string{c.name, repository, tag, platform, id[:12], size, ago(time.Since(img.Created))})
	}
	switch {
	case opts.value("format", "table") == "json":
		s.printf("%s\n\n", jsonText(details)) // two newlines, as in the original
	case !opts.has("quiet"):
		header := []string{"CONTAINER", "REPOSITORY", "TAG", "PLATFORM", "IMAGE ID", "SIZE", "CREATED"}
		s.printf("%s", columns(header, rows, 10, 3))
	}
	return nil
}

// v5Image is an element of the output of `images --format json`.
type v5Image struct {
	ID            string
	ContainerName string
	Repository    string
	Tag           string
	Platform      string
	Size          int64
	Created       time.Time
	LastTagTime   time.Time
}
