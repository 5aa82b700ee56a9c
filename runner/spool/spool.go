// Package spool makes temporary files without a name, for records that are too many for memory.
package spool

import "os"

// New opens a file for reading and writing that has no name in the folder of temporary files. Its
// blocks are freed when it is closed, also when the process is killed.
func New() (*os.File, error) {
	if f, err := unnamed(os.TempDir()); err == nil {
		return f, nil
	}
	// A file system without such files, such as NFS. A kill between the two calls leaves an empty file.
	f, err := os.CreateTemp("", "workshop-spool-")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
