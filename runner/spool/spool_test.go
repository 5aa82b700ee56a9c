package spool_test

import (
	"os"
	"testing"

	"workshop/runner/spool"
)

// A spool can be written and read, and at no time stands in the folder of temporary files.
func TestNew(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	f, err := spool.New()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("record"), 3); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 6)
	if _, err := f.ReadAt(b, 3); err != nil || string(b) != "record" {
		t.Errorf("read %q, %v", b, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}

func TestNewWithoutFolder(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()+"/missing")
	if f, err := spool.New(); err == nil {
		f.Close()
		t.Error("no error")
	}
}
