package terminal

// mode is a terminal's mode, as set by the program that reads it.
type mode struct{ canonical, echo, echoControl, signals bool }

// front is the terminal that keys reach in the end, and its foreground.
type front struct {
	group   int    // the process group in the foreground, 0 if unknown
	mode    mode   // of that terminal
	tty     string // its file
	relays  []int  // the programs between the session's own terminal and that one: they pass bytes on a moment later
	halfway bool   // the group is a relay whose other terminal has no shell yet, or no longer: nobody reads
}

// mode is the mode of the terminal that keys reach.
func (d *device) mode() mode { return d.front().mode }

// foreground is the process group in its foreground, 0 if unknown.
func (d *device) foreground() int { return d.front().group }

// commandLine is the command line of a process group's leader, nil if it is unknown.
func (d *device) commandLine(group int) []string { return commandLine(group) }
