package compose

import (
	"context"
	"slices"
	"strconv"
)

// topLook prints the output of `top`.
type topLook interface {
	query(opts options) query
	print(s *session, tables []topTable)
}

// topTable is the processes of a container, as GET /containers/{id}/top answers.
type topTable struct {
	Titles    []string
	Processes [][]string

	container *container
}

func top(ctx context.Context, s *session, opts options) error {
	containers, err := s.containers(ctx, s.style.top.query(opts))
	if err != nil {
		return err
	}
	slices.SortFunc(containers, byName)
	var tables []topTable
	for _, c := range containers {
		t := topTable{container: c}
		if err := s.client.get(ctx, "/containers/"+c.id+"/top", nil, &t); err != nil {
			return err
		}
		tables = append(tables, t)
	}
	s.style.top.print(s, tables)
	return nil
}

type (
	v1Top struct{}
	v5Top struct{}
)

func (v1Top) query(opts options) query {
	return query{services: opts.args, oneOffs: withOneOffs}
}

func (v1Top) print(s *session, tables []topTable) {
	for i, t := range tables {
		if i > 0 {
			s.printf("\n")
		}
		s.printf("%s\n%s", t.container.name, textTable(t.Titles, t.Processes, s.width(unlimited)))
	}
}

func (v5Top) query(opts options) query {
	return query{services: opts.args, unknown: true}
}

func (v5Top) print(s *session, tables []topTable) {
	var rows [][]string
	for _, t := range tables {
		for _, process := range t.Processes {
			rows = append(rows, append([]string{t.container.service(), strconv.Itoa(t.container.number())}, process...))
		}
	}
	if len(rows) == 0 {
		return
	}
	header := append([]string{"SERVICE", "#"}, tables[len(tables)-1].Titles...)
	s.printf("%s", columns(header, rows, 4, 2))
}
