package engine

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

const (
	statePrefix = "engine-"
	lockName    = "lock"
)

// newState creates the directory of an engine below parent ("" is that of temporary files), and
// removes the directories of engines that were killed. An engine holds the lock in its directory as
// long as it lives.
func newState(parent string) (dir string, lock *os.File, err error) {
	if parent == "" {
		parent = os.TempDir()
	} else if err := os.MkdirAll(parent, 0o700); err != nil {
		return "", nil, fmt.Errorf("state directory: %w", err)
	}
	if err := sweepStates(parent); err != nil {
		return "", nil, fmt.Errorf("state directory: %w", err)
	}
	if dir, err = os.MkdirTemp(parent, statePrefix); err != nil {
		return "", nil, fmt.Errorf("state directory: %w", err)
	}
	// It is locked before it gets its name, so that nobody sees it unlocked.
	lock, err = os.CreateTemp(dir, lockName)
	if err == nil {
		err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	}
	if err == nil {
		err = os.Rename(lock.Name(), filepath.Join(dir, lockName))
	}
	if err != nil {
		if lock != nil {
			lock.Close()
		}
		return "", nil, errors.Join(fmt.Errorf("state directory: %w", err), os.RemoveAll(dir))
	}
	return dir, lock, nil
}

func sweepStates(parent string) error {
	locks, err := filepath.Glob(filepath.Join(parent, statePrefix+"*", lockName))
	if err != nil {
		return err
	}
	for _, name := range locks {
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			continue // another user's, or removed by now
		}
		if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil {
			err = os.RemoveAll(filepath.Dir(name))
		}
		f.Close()
		if err != nil {
			return err
		}
	}
	return nil
}
